import { decimalsOf } from '../../domain/currency.ts';
import type { Amount } from '../../domain/money.ts';
import type { Mandate } from '../../domain/sale.ts';
import type { RoleFlags } from '../destination.ts';
import { openMandates, openWallet, type Opening } from '../open-role.ts';
import { boundAccount } from './open-payer.ts';

/** In whole units of the account's currency. */
const usual = { perTap: 10n, perDay: 30n };

export interface MandateFlags extends RoleFlags {
  readonly uid: Uint8Array;
  readonly account?: string | undefined;
  readonly 'per-tap'?: Amount | undefined;
  readonly 'per-day'?: Amount | undefined;
}

/** Errors: `not_bound`, `missing_input`, those of the role. */
export async function setMandate(flags: MandateFlags, opening: Opening): Promise<Mandate> {
  const { accountId, currency } = await boundAccount(await openWallet(flags, opening), flags.account);
  const whole = (units: bigint): Amount => ({ minor: units * 10n ** BigInt(decimalsOf(currency)), currency });
  const { uid, 'per-tap': perTap = whole(usual.perTap), 'per-day': perDay = whole(usual.perDay) } = flags;
  return (await openMandates(flags, opening)).setMandate({ uid, accountId, perTap, perDay });
}
