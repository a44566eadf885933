import { takeBack } from '../../roles/wallet/showing.ts';
import { systemClock } from '../local-registry.ts';
import { takenBackToWire, type TakenBackWire } from '../present/wallet-codes.ts';
import type { SecretSources } from '../secret-input.ts';
import { withCode } from './open-payer.ts';
import { codeNamed, knownCodes, openHeldCodes } from './open-own-codes.ts';

/** No server is asked. Errors: `code_not_found`, `code_used`. */
export async function takeBackCode(id: string, counter: number, sources: SecretSources): Promise<TakenBackWire> {
  const held = await openHeldCodes(sources);
  const { code } = codeNamed(await knownCodes(held), id);
  const showing = await withCode(id, () => takeBack(held.journal, code.token, counter, systemClock.now()));
  return takenBackToWire(code, showing, await held.journal.of(id));
}
