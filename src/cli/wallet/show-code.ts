import { existsSync } from 'node:fs';
import type { Payee } from '../../domain/account.ts';
import { LatchkeyError } from '../../domain/errors.ts';
import type { Amount } from '../../domain/money.ts';
import { qrTerminalWidth } from '../../formats/qr-terminal.ts';
import { qrCode } from '../../formats/qr.ts';
import { isAccountId } from '../../protocol/code-values.ts';
import { codeText, joinCode, signProof } from '../../protocol/credit-code.ts';
import { newEd25519 } from '../../protocol/ed25519.ts';
import { codeState, isShowingOver, nextShowing, openShowing, roomOf, type CodeHistory, type OpenShowing } from '../../roles/wallet/showing.ts';
import type { OwnCode } from '../../roles/wallet/own-codes.ts';
import { ShowingGuard, type GuardingShowings } from '../cards/showing-guard.ts';
import { systemClock } from '../local-registry.ts';
import { moneyForPeople } from '../present/money.ts';
import { shownCodeToWire, type KnownCode, type ShownCodeWire } from '../present/wallet-codes.ts';
import { askWhich } from '../question.ts';
import type { SecretSources } from '../secret-input.ts';
import { withCode } from './open-payer.ts';
import type { WindowSize } from './live-code.ts';
import { codeNamed, knownCodes, openHeldCodes } from './open-own-codes.ts';

export interface ShowFlags {
  readonly amount?: Amount | undefined;
  readonly payee?: string | undefined;
  readonly png?: string | undefined;
  readonly svg?: string | undefined;
}

export interface ShowOptions extends GuardingShowings {
  readonly sources: SecretSources;
}

/** A use that is counted: its code may be rendered as often as it takes. */
export interface BegunCode {
  readonly code: OwnCode;
  readonly counter: number;
  /** Whether it has to end by itself. */
  isOver(now: Date): boolean;
  /** With a fresh proof. */
  render(now: Date): ShownCodeWire;
}

/** What stands below the code takes so many lines. */
const linesBelow = 4;

/**
 * Begins a showing, which counts as a use from then on: it is on the disk before anything is rendered. No server is asked. Before it, nothing is counted: files that are
 * there already, or a code that has no room on the screen, are errors; the security check comes last. Errors: as
 * `nextShowing` and `ShowingGuard.begin`; `code_not_found`, `account_not_found`, `missing_input`, `file_exists`, `invalid_input`.
 */
export async function beginCode(id: string | undefined, flags: ShowFlags, window: WindowSize | undefined, { sources, ...guarding }: ShowOptions): Promise<BegunCode> {
  requireNew(flags);
  const held = await openHeldCodes(sources);
  const { code } = await pickCode(await knownCodes(held), id, sources);
  return withCode(code.token.id, async () => {
    const history = await held.journal.of(code.token.id);
    const now = systemClock.now();
    const next = nextShowing(code.token, history, { amount: flags.amount, payeeId: flags.payee === undefined ? undefined : payeeNamed(flags.payee, history).id }, now);
    requireFitting(code, openShowing(code.token, history, next), window);
    const payeeName = history.payees.find(({ id: payeeId }) => payeeId === next.payeeId)?.name;
    const guard = new ShowingGuard(code, guarding);
    await guard.begin(next, payeeName);
    try {
      await held.journal.show(code.token.id, next);
    } catch (error) {
      await guard.reconcile(history);
      throw error;
    }
    return { code, counter: next.counter, isOver: (at) => isShowingOver(code.token, next, at), render: renderer(code, openShowing(code.token, history, next), payeeName) };
  });
}

function renderer(code: OwnCode, { showing, room }: OpenShowing, payeeName: string | undefined): (now: Date) => ShownCodeWire {
  const { privateKey } = newEd25519(code.seed);
  return (now) => {
    const at = new Date(Math.floor(now.getTime() / 1000) * 1000);
    const { counter, amount, payeeId } = showing;
    const proof = signProof({ counter, at, amount, payeeId }, code.signed, privateKey);
    return shownCodeToWire({ code, showing, room, payeeName, text: codeText(joinCode(code.signed, proof)), at });
  };
}

function requireNew({ png, svg }: ShowFlags): void {
  const there = [png, svg].find((path) => path !== undefined && existsSync(path));
  if (there !== undefined) {
    throw new LatchkeyError('file_exists', `${there} is there already.`);
  }
}

/** By a code of the same size. */
function requireFitting(code: OwnCode, open: OpenShowing, window: WindowSize | undefined): void {
  if (window === undefined) {
    return;
  }
  const columns = qrTerminalWidth(qrCode(renderer(code, open, undefined)(open.showing.at).text, 'M'));
  const rows = Math.ceil(columns / 2) + linesBelow;
  if (columns > window.columns || rows > window.rows) {
    const here = Number.isFinite(window.rows) ? `${window.columns} and ${window.rows}` : `${window.columns}`;
    throw new LatchkeyError('invalid_input', `The QR code takes ${columns} columns${Number.isFinite(window.rows) ? ` and ${rows} lines` : ''}, and here are ${here}.`, {
      hint: 'Nothing was shown. Make the window larger or its letters smaller, or have the code written with --png or --svg.',
    });
  }
}

/** The one that is named; else the only one, or the only one that is good for anything. */
async function pickCode(codes: readonly KnownCode[], id: string | undefined, sources: SecretSources): Promise<KnownCode> {
  if (id !== undefined) {
    return codeNamed(codes, id);
  }
  const now = systemClock.now();
  const usable = codes.filter(({ code, history }) => !(history instanceof Error) && codeState(code.token, history, now) === 'usable');
  const [first] = usable.length === 0 ? codes : usable;
  if (first === undefined) {
    throw new LatchkeyError('code_not_found', 'This wallet holds no credit payment code.', { hint: 'Have one issued: `latchkey code issue`.' });
  }
  if (usable.length <= 1) {
    return first;
  }
  if (sources.interactive !== true || sources.signal === undefined) {
    throw new LatchkeyError('missing_input', `This wallet holds ${usable.length} codes that are usable: ${usable.map(({ code }) => code.token.id).join(', ')}.`, {
      hint: 'Say which: `latchkey code show CODE`. What is left of each says `latchkey code list`.',
    });
  }
  return askWhich('Show which code?', usable.map((value) => ({ name: inWords(value), value })), sources.signal);
}

function inWords({ code: { token }, history }: KnownCode): string {
  const { currency } = token;
  const left = history instanceof Error ? undefined : roomOf(token, history);
  return `${token.id} · ${moneyForPeople({ minor: left?.amount ?? 0n, currency })} left of ${moneyForPeople({ minor: token.maxTotal, currency })}`;
}

/** By the names that were heard when the code was issued; else by an id, which nobody looks up. Errors: `account_not_found`, `invalid_input`. */
function payeeNamed(reference: string, { payees }: CodeHistory): Pick<Payee, 'id'> {
  const named = payees.find(({ id, name }) => id === reference || name === reference);
  if (named !== undefined) {
    return named;
  }
  if (isAccountId(reference)) {
    return { id: reference };
  }
  if (reference.startsWith('acc_')) {
    throw new LatchkeyError('invalid_input', `${reference} is no id of an account: "acc_" and 22 more characters.`, { hint: 'Nothing was shown. Copy the payee’s id whole.' });
  }
  const known = payees.length === 0 ? 'It was issued for nobody by name.' : `It was issued for ${payees.map(({ name }) => name).join(', ')}.`;
  throw new LatchkeyError('account_not_found', `This code knows no payee ${reference}. ${known}`, {
    hint: 'Give the payee’s id, which `latchkey pos show` says at its till. Names are good where the code was issued for them: `latchkey code issue --payee`.',
  });
}
