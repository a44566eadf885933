import { settlementGraceMs, type CreditToken } from '../../domain/credit-code.ts';
import { LatchkeyError } from '../../domain/errors.ts';
import { asSentence } from '../../domain/shown-text.ts';
import { correctCode } from '../../roles/wallet/own-codes.ts';
import { showingToTakeBack, takeBack, type Showing } from '../../roles/wallet/showing.ts';
import { ShowingGuard, type GuardingShowings } from '../cards/showing-guard.ts';
import type { RoleFlags } from '../destination.ts';
import { systemClock } from '../local-registry.ts';
import { openCodes, type Opening } from '../open-role.ts';
import { moneyForPeople } from '../present/money.ts';
import { localTime } from '../present/time.ts';
import { takenBackToWire, type TakenBackWire } from '../present/wallet-codes.ts';
import { withCode } from './open-payer.ts';
import { codeNamed, knownCodes, openHeldCodes } from './open-own-codes.ts';

export interface TakeBackOptions extends Opening, GuardingShowings {
  /** Whether its user takes it back, who is told what may come of that. */
  readonly confirmed: (risk: string) => Promise<boolean>;
}

/** Beside a till nobody waits longer for a server. */
const askMs = 5_000;

/**
 * The server is asked first: what it says was paid is not taken back. It cannot say what a register accepted and has not
 * settled, so the user has to say yes to what comes of that; undefined if the answer is no.
 * Errors: `code_not_found`, `showing_paid`, what `confirmed` throws.
 */
export async function takeBackCode(id: string, counter: number, flags: RoleFlags, options: TakeBackOptions): Promise<TakenBackWire | undefined> {
  const held = await openHeldCodes(options.sources);
  const { code } = codeNamed(await knownCodes(held), id);
  const { token } = code;
  const find = async () => showingToTakeBack(await held.journal.of(id), counter, token.currency);
  if ((await find()).takenBackAt === undefined) {
    const problem = await askServer(id, held, flags, options);
    if (!(await options.confirmed(riskOf(token, await find(), problem)))) {
      return undefined;
    }
  }
  return withCode(id, async () => {
    const showing = await takeBack(held.journal, token, counter, systemClock.now());
    const history = await held.journal.of(id);
    await new ShowingGuard(code, options).reconcile(history);
    return takenBackToWire(code, showing, history);
  });
}

/** What was paid is in the journal then; else why the server does not say. */
async function askServer(id: string, { journal }: Pick<Awaited<ReturnType<typeof openHeldCodes>>, 'journal'>, flags: RoleFlags, { closing, sources, timeoutMs = askMs }: Opening): Promise<LatchkeyError | undefined> {
  try {
    await correctCode({ codes: await openCodes('terminal', flags, { closing, sources, timeoutMs }), journal, withCode }, id);
    return undefined;
  } catch (error) {
    if (error instanceof LatchkeyError) {
      return error;
    }
    throw error;
  }
}

function riskOf({ currency, maxEach, expiresAt }: CreditToken, { counter, amount }: Showing, problem: LatchkeyError | undefined): string {
  const heard = problem === undefined
    ? `The server has heard of no payment by showing ${counter} yet.`
    : `Nobody can say whether showing ${counter} was paid: ${asSentence(problem.message)}`;
  const most = moneyForPeople({ minor: amount ?? maxEach, currency });
  const settleBy = localTime(new Date(expiresAt.getTime() + settlementGraceMs).toISOString());
  return `${heard} A shop that accepted it, whatever it said, may settle it until ${settleBy}: then ${amount === undefined ? `up to ${most}` : most} is charged beside what is paid elsewhere, and if the code has not that much left by then, more was spent than it allows, and its account is suspended. Left counted, nothing can be overrun.`;
}
