import { join } from 'node:path';
import { LatchkeyError } from '../../domain/errors.ts';
import { Payer } from '../../roles/wallet/payer.ts';
import type { BindingStatus, WalletRole } from '../../roles/wallet/ports.ts';
import { secretStore, type RoleFlags } from '../destination.ts';
import { systemClock, systemRandom } from '../local-registry.ts';
import { openWallet, type Opening } from '../open-role.ts';
import { paths } from '../paths.ts';
import { StoredCodes } from './code-book.ts';
import { PaymentFile } from './payment-file.ts';

export interface OpenedPayer {
  readonly wallet: WalletRole;
  readonly payer: Payer;
}

/** This machine's wallet: its role at the server or here, its codes in the secret store, its journal in the state folder. */
export async function openPayer(flags: RoleFlags, opening: Opening): Promise<OpenedPayer> {
  const wallet = await openWallet(flags, opening);
  const codes = new StoredCodes(await secretStore(opening.sources));
  return { wallet, payer: new Payer({ wallet, codes, journal: new PaymentFile(), clock: systemClock, random: systemRandom }) };
}

/** The account of this terminal that is meant: by id or name, or the only one. Errors: `not_bound`, `missing_input`. */
export async function boundAccount(wallet: WalletRole, reference: string | undefined): Promise<BindingStatus> {
  const bindings = await wallet.bindings();
  const found = reference === undefined ? bindings : bindings.filter(({ accountId, name }) => accountId === reference || name === reference);
  const [binding] = found;
  if (binding === undefined) {
    throw new LatchkeyError('not_bound', reference === undefined ? 'This terminal is bound to no account.' : `This terminal is bound to no account ${reference}.`);
  }
  if (found.length > 1) {
    throw new LatchkeyError('missing_input', `This terminal is bound to ${found.length} such accounts: say which with --account ID.`);
  }
  return binding;
}

/** Keeps other processes of this machine away from an account's journal and code meanwhile. Errors: `wallet_busy`. */
export function withAccount<T>(accountId: string, work: () => Promise<T>): Promise<T> {
  return exclusively(accountId, work, 'Another process is paying from this account.');
}

/** Keeps other processes of this machine away from the journal of a credit payment code meanwhile. Errors: `wallet_busy`. */
export function withCode<T>(codeId: string, work: () => Promise<T>): Promise<T> {
  return exclusively(codeId, work, 'Another process is writing down a showing of this code.');
}

async function exclusively<T>(name: string, work: () => Promise<T>, refusal: string): Promise<T> {
  const { withLock } = await import('../../secrets/lock.ts');
  return withLock(join(paths().state, 'wallet', `${name}.lock`), work, {
    refusal: () => new LatchkeyError('wallet_busy', refusal),
  });
}
