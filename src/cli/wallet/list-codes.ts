import { LatchkeyError } from '../../domain/errors.ts';
import { isServerAway } from '../../domain/server-away.ts';
import { asSentence } from '../../domain/shown-text.ts';
import { forgetOver, type OwnCode } from '../../roles/wallet/own-codes.ts';
import { areThereCards } from '../cards/cards.ts';
import { ShowingGuard, type GuardingShowings } from '../cards/showing-guard.ts';
import { tellServerOfWallet } from '../cards/wallet-guard.ts';
import { otherRoleAt, type RoleFlags } from '../destination.ts';
import { systemClock } from '../local-registry.ts';
import type { Opening } from '../open-role.ts';
import { walletCodeToWire, type WalletCodesWire } from '../present/wallet-codes.ts';
import { finishIssues } from './issue-code.ts';
import { withAccount, withCode } from './open-payer.ts';
import { knownCodes, openOwnCodes, type OpenedCodes } from './open-own-codes.ts';

interface ListOptions extends Opening, GuardingShowings {}

/** What this wallet holds, with what the server says was paid; without it what is known here, and why. `all`: also what is over. */
export async function listCodes(all: boolean, flags: RoleFlags, options: ListOptions): Promise<WalletCodesWire> {
  const opened = await openOwnCodes(flags, options);
  await tellTerminated(opened, options);
  await forgetOver(opened, systemClock.now());
  for (const { message, hint } of await opened.kept.unreadable()) {
    await options.caution(`${asSentence(message)} ${hint}`);
  }
  const corrected = await correct(opened, options);
  const now = systemClock.now();
  const codes = (await knownCodes(opened)).map((code) => walletCodeToWire(code, now));
  const unfinished = (await opened.kept.list()).filter(({ signed }) => signed === undefined).length;
  const other = codes.length === 0 && unfinished === 0 ? otherRoleAt('terminal', flags) : undefined;
  if (other !== undefined) {
    await options.caution(`This machine is not a payer’s terminal: profile ${other.name} is for the role ${other.role}.`);
  }
  const listed = codes.filter(({ state }) => all || state !== 'expired' && state !== 'revoked');
  return { codes: listed, corrected, unfinished, over: codes.length - listed.length };
}

/** What was terminated of the accounts that this server has; as long as it cannot say which, that waits. */
async function tellTerminated({ wallet }: OpenedCodes, options: ListOptions): Promise<void> {
  if (!areThereCards()) {
    return;
  }
  try {
    await tellServerOfWallet(wallet, (await wallet.bindings()).map(({ accountId }) => accountId), options);
  } catch (error) {
    if (!(error instanceof LatchkeyError)) {
      throw error;
    }
  }
}

/** One that fails keeps no other from being corrected, unless the server is away. */
async function correct(opened: OpenedCodes, options: ListOptions): Promise<boolean> {
  const { caution } = options;
  const unfinished = (await opened.kept.list()).filter(({ signed }) => signed === undefined);
  const tasks = [
    ...[...new Set(unfinished.map(({ accountId }) => accountId))].map((accountId) => () => withAccount(accountId, () => finishIssues(accountId, opened, caution))),
    ...(await knownCodes(opened)).filter(({ history }) => !(history instanceof Error)).map(({ code }) => async () => {
      await opened.own.correct(code);
      await compareWithShown(code, opened, options);
    }),
  ];
  let corrected = true;
  for (const task of tasks) {
    try {
      await task();
    } catch (error) {
      if (!(error instanceof LatchkeyError)) {
        throw error;
      }
      corrected = false;
      await caution(asSentence(error.message));
      if (isServerAway(error)) {
        break;
      }
    }
  }
  return corrected;
}

/** By the security check, if there is one on this machine. */
async function compareWithShown(code: OwnCode, { journal }: OpenedCodes, options: ListOptions): Promise<void> {
  if (areThereCards()) {
    await withCode(code.token.id, async () => new ShowingGuard(code, options).reconcile(await journal.of(code.token.id)));
  }
}
