import { LatchkeyError } from '../../domain/errors.ts';
import type { Tariff } from '../../domain/tariff.ts';
import type { PosRole } from '../../roles/pos/ports.ts';

/** Errors: `tariff_not_found` if the register sells no time. */
export async function currentTariff(pos: PosRole): Promise<Tariff> {
  const { tariff } = await pos.self();
  if (tariff === undefined) {
    throw new LatchkeyError('tariff_not_found');
  }
  return tariff;
}
