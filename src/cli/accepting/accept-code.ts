import { longestTrustMs } from '../../domain/credit-code.ts';
import { LatchkeyError } from '../../domain/errors.ts';
import { asSentence } from '../../domain/shown-text.ts';
import type { Amount } from '../../domain/money.ts';
import { receiptText } from '../../protocol/code-receipt.ts';
import { CodeAcceptance, type Decision } from '../../roles/codes/acceptance.ts';
import type { AcceptanceRules } from '../../roles/codes/acceptance-context.ts';
import type { WaitingToSettle } from '../../roles/codes/acceptance-journal.ts';
import { areThereCards } from '../cards/cards.ts';
import { CodeGuard } from '../cards/code-guard.ts';
import type { Guarding } from '../cards/machine-guard.ts';
import { CounterGuard } from '../cards/register-guard.ts';
import type { RoleFlags } from '../destination.ts';
import { toLatchkeyError } from '../failure.ts';
import { systemClock } from '../local-registry.ts';
import { writeNewFile } from '../new-file.ts';
import type { Opening } from '../open-role.ts';
import type { KnownRegister } from './known-registers.ts';
import { openAcceptances, receiptKeyOf, waitingIn } from './open-acceptances.ts';
import { scannedCode, type ScanFlags } from './scanned-code.ts';

export interface AcceptFlags extends RoleFlags, ScanFlags {
  readonly amount: Amount;
  readonly memo?: string | undefined;
  readonly receipt?: string | undefined;
  readonly 'bind-above'?: Amount | undefined;
  readonly 'trust-warn'?: number | undefined;
  readonly 'trust-max': number;
  readonly 'idempotency-key'?: string | undefined;
}

export interface AcceptOptions extends Opening, Pick<Guarding, 'interactive' | 'ask'> {
  readonly caution: (text: string) => Promise<void>;
}

export interface AcceptedAtRegister {
  readonly register: KnownRegister;
  readonly decision: Decision;
  readonly waiting: WaitingToSettle;
  readonly receiptFile: string | undefined;
  /** What went wrong once it was accepted, which it stays, in a sentence. */
  readonly trouble: string | undefined;
}

/** Reads a code and decides, without asking anybody. Errors: those of the reading, of an acceptance and of what a register needs for it; what the security check says is a refusal. */
export async function acceptCode(flags: AcceptFlags, options: AcceptOptions, signal: AbortSignal): Promise<AcceptedAtRegister> {
  const { interactive, ask, caution, ...opening } = options;
  const rules = rulesOf(flags);
  const acceptances = await openAcceptances(flags, { ...opening, caution });
  const { register, store, earlier } = acceptances;
  const { privateKey } = await receiptKeyOf(register, opening);
  const security = areThereCards() ? new CodeGuard(new CounterGuard(register, { closing: opening.closing, interactive, ask, role: undefined }), store, caution) : undefined;
  const acceptance = new CodeAcceptance({
    register,
    journal: store,
    earlier,
    receiptKey: privateKey,
    clock: systemClock,
    guard: security?.guard,
    rules,
  });
  const { amount, memo, 'idempotency-key': key, receipt: file } = flags;
  const text = await scannedCode(flags, signal);
  let decision: Decision;
  try {
    decision = await acceptance.accept({ text, amount, memo, key });
  } finally {
    await security?.reconcile();
  }
  const { accepted } = decision;
  const waiting = waitingIn(acceptances);
  if (accepted === undefined || file === undefined) {
    return { register, decision, waiting, receiptFile: undefined, trouble: undefined };
  }
  try {
    await writeNewFile(file, `${receiptText(accepted.signedReceipt)}\n`, 0o600);
    return { register, decision, waiting, receiptFile: file, trouble: undefined };
  } catch (error) {
    return { register, decision, waiting, receiptFile: undefined, trouble: `The code is accepted, but its receipt is in no file. ${asSentence(toLatchkeyError(error).message)}` };
  }
}

const usualWarnMs = 86_400_000;

/** Errors: `invalid_input` for a list that would be trusted for longer than the server bears what it does not know. */
function rulesOf({ 'bind-above': bindAbove, 'trust-warn': warnMs, 'trust-max': trustMaxMs }: AcceptFlags): AcceptanceRules {
  if (trustMaxMs > longestTrustMs) {
    throw new LatchkeyError('invalid_input', '--trust-max is at most 7d: what was revoked longer ago is not paid.');
  }
  if (warnMs !== undefined && warnMs >= trustMaxMs) {
    throw new LatchkeyError('invalid_input', '--trust-warn is below --trust-max.');
  }
  return { bindAbove, trustWarnMs: warnMs ?? Math.min(usualWarnMs, trustMaxMs), trustMaxMs };
}
