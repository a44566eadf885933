import { isId } from '../domain/identifiers.ts';
import type { LedgerRole } from '../roles/ledger/ports.ts';

/**
 * The id of an account that is named by id or name. An id is taken as it is: who pays to an account knows its id, and
 * may not see the account. Errors: `account_not_found`.
 */
export async function accountId(ledger: LedgerRole, reference: string): Promise<string> {
  return /^(acc|out)_/.test(reference) && isId(reference) ? reference : (await ledger.account(reference)).id;
}
