import { payeeSchema, payeeToWire, type PayeeWire } from '../../api/accounts.ts';
import { amountSchema, amountToWire, type AmountWire } from '../../api/money.ts';
import { arrayOf, boolean, count, id, instant, object, oneOf, remark, type Static } from '../../api/schema.ts';
import { instantToWire, present } from '../../api/wire.ts';
import type { Payee } from '../../domain/account.ts';
import { proofLateMs, settlementGraceMs, type CreditCode } from '../../domain/credit-code.ts';
import type { LatchkeyError } from '../../domain/errors.ts';
import type { OwnCode } from '../../roles/wallet/own-codes.ts';
import { codeState, roomOf, type CodeHistory, type NewShowing, type Room, type Showing } from '../../roles/wallet/showing.ts';
import { presentQr, writtenSchema } from './credentials.ts';
import { moneyForPeople } from './money.ts';
import type { Screen } from './screen.ts';
import { details, table } from './table.ts';
import { clock, localTime } from './time.ts';

const openShowingSchema = object('OpenShowing', { counter: count, at: instant }, { amount: amountSchema, payee_id: id });

/** A credit payment code as its wallet knows it. */
export const walletCodeSchema = object(
  'WalletCode',
  {
    code_id: id,
    state: { ...oneOf(['usable', 'used_up', 'expired', 'revoked', 'damaged']), description: 'By this terminal’s clock; damaged: nobody knows what was shown of it.' },
    account_id: id,
    limit: amountSchema,
    max_each: amountSchema,
    uses: count,
    uses_left: count,
    amount_left: amountSchema,
    settled: { ...amountSchema, description: 'What was paid, as far as this wallet has heard.' },
    issued_at: instant,
    expires_at: instant,
    settle_by: instant,
    open_showings: { ...arrayOf(openShowingSchema), description: 'What was shown, not taken back, and may be paid still: `code take-back` takes their numbers.' },
  },
  { payees: arrayOf(payeeSchema), revoked_at: instant, problem: remark },
);
export interface WalletCodeWire extends Omit<Static<typeof walletCodeSchema>, 'payees'> {
  readonly payees?: readonly PayeeWire[];
}

export const walletCodesSchema = object('WalletCodes', {
  codes: arrayOf(walletCodeSchema),
  corrected: { ...boolean, description: 'Whether the server has said of all what was paid.' },
  unfinished: { ...count, description: 'Codes that were paid for, perhaps, and are not here yet.' },
  over: { ...count, description: 'Expired or revoked ones that are left out here; what they did not spend is held until their `settle_by`.' },
});
export interface WalletCodesWire {
  readonly codes: readonly WalletCodeWire[];
  readonly corrected: boolean;
  readonly unfinished: number;
  readonly over: number;
}

/** A code, and what was shown of it or why nobody knows. */
export interface KnownCode {
  readonly code: OwnCode;
  readonly history: CodeHistory | LatchkeyError;
}

export function walletCodeToWire({ code, history }: KnownCode, now: Date): WalletCodeWire {
  const { accountId, token } = code;
  const { currency } = token;
  const money = (minor: bigint): AmountWire => amountToWire({ minor, currency });
  const known = history instanceof Error ? undefined : history;
  const room = known === undefined ? { uses: 0, amount: 0n } : roomOf(token, known);
  const state: WalletCodeWire['state'] = known === undefined ? 'damaged' : codeState(token, known, now);
  const settled = (known?.showings ?? []).reduce((sum, showing) => sum + (showing.settled ?? 0n), 0n);
  return present({
    code_id: token.id,
    state,
    account_id: accountId,
    limit: money(token.maxTotal),
    max_each: money(token.maxEach),
    uses: token.uses,
    uses_left: room.uses,
    amount_left: money(room.amount),
    settled: money(settled),
    issued_at: instantToWire(token.issuedAt),
    expires_at: instantToWire(token.expiresAt),
    settle_by: instantToWire(new Date(token.expiresAt.getTime() + settlementGraceMs)),
    open_showings: (known?.showings ?? []).filter(isOpen).map(({ counter, at, amount, payeeId }) => present({ counter, at: instantToWire(at), amount: amount === undefined ? undefined : money(amount), payee_id: payeeId })),
    payees: token.payees?.map((payeeId) => payeeToWire(payeeNamed(payeeId, known, currency))),
    revoked_at: instantToWire(known?.revokedAt),
    problem: history instanceof Error ? history.message : undefined,
  });
}

function isOpen({ takenBackAt, settled }: Showing): boolean {
  return takenBackAt === undefined && settled === undefined;
}

function payeeNamed(payeeId: string, history: CodeHistory | undefined, currency: string): Payee {
  return history?.payees.find((payee) => payee.id === payeeId) ?? { id: payeeId, name: payeeId, currency };
}

export function presentWalletCode(code: WalletCodeWire, screen: Screen): string {
  return details(
    [
      ['code', code.code_id],
      ['state', states[code.state]],
      ['limit', moneyForPeople(code.limit)],
      ['at most each', moneyForPeople(code.max_each)],
      ['left', left(code)],
      ['payees', payees(code)],
      ['valid until', localTime(code.expires_at)],
      ['account', code.account_id],
    ],
    screen,
  );
}

export function presentWalletCodes({ codes, corrected, over }: WalletCodesWire, all: boolean, screen: Screen): string {
  const more = [
    over === 0 ? undefined : `${over} ${over === 1 ? 'is' : 'are'} over; what is left of ${over === 1 ? 'it' : 'them'} is held for a week after: --all.`,
    corrected ? undefined : 'As this wallet knows it: the server did not say of all what was paid.',
  ].filter((line) => line !== undefined).map((line) => screen.style.dim(line));
  if (codes.length === 0) {
    return [all ? 'This wallet holds no credit payment code.' : 'This wallet holds no credit payment code that is valid.', ...more].join('\n');
  }
  const list = table(
    codes,
    [
      { title: 'CODE', cell: ({ code_id: codeId }) => codeId },
      { title: 'STATE', cell: ({ state, problem }) => (problem === undefined ? states[state] : `${states[state]}: ${problem}`) },
      { title: 'LIMIT', right: true, cell: ({ limit }) => moneyForPeople(limit) },
      { title: 'EACH', right: true, cell: ({ max_each: each }) => moneyForPeople(each) },
      { title: 'LEFT', cell: left },
      { title: 'PAID', right: true, cell: ({ settled }) => (settled.minor === '0' ? undefined : moneyForPeople(settled)) },
      { title: 'VALID UNTIL', cell: ({ expires_at: end }) => localTime(end) },
      { title: 'PAYEES', cell: payees },
    ],
    screen,
  );
  return more.length === 0 ? list : `${list}\n\n${more.join('\n')}`;
}

const states = { usable: 'usable', used_up: 'used up', expired: 'expired', revoked: 'revoked', damaged: 'damaged' } as const;

function left({ uses_left: usesLeft, uses, amount_left: amountLeft }: Pick<WalletCodeWire, 'uses_left' | 'uses' | 'amount_left'>): string {
  return `${moneyForPeople(amountLeft)}, ${usesLeft} of ${uses} uses`;
}

function payees({ payees: some }: WalletCodeWire): string {
  return some === undefined ? 'any' : some.map(({ name }) => name).join(', ');
}

/** A code as it is shown to a cash register. */
export const shownCodeSchema = object(
  'ShownCode',
  {
    code_id: id,
    counter: { ...count, description: 'Which showing: it is taken back by this.' },
    text: { type: 'string', description: 'The text of its QR code.' },
    at: { ...instant, description: 'By this terminal’s clock.' },
    proof_expires_at: { ...instant, description: 'Registers take it until then, by their own clocks.' },
    pays: { ...amountSchema, description: 'Exactly this if it is bound, else at most.' },
    bound: boolean,
    limit: amountSchema,
    uses: count,
    uses_left: count,
    amount_left: amountSchema,
    expires_at: instant,
  },
  { payee_id: id, payee_name: { type: 'string' }, written: writtenSchema },
);
export type ShownCodeWire = Static<typeof shownCodeSchema>;

export interface Rendering {
  readonly code: OwnCode;
  readonly showing: NewShowing;
  /** Beside this showing. */
  readonly room: Room;
  readonly payeeName: string | undefined;
  readonly text: string;
  /** The proof's, in whole seconds. */
  readonly at: Date;
}

export function shownCodeToWire({ code: { token }, showing, room, payeeName, text, at }: Rendering): ShownCodeWire {
  const money = (minor: bigint): AmountWire => amountToWire({ minor, currency: token.currency });
  return present({
    code_id: token.id,
    counter: showing.counter,
    text,
    at: instantToWire(at),
    proof_expires_at: instantToWire(new Date(at.getTime() + proofLateMs)),
    pays: money(showing.amount ?? token.maxEach),
    bound: showing.amount !== undefined,
    limit: money(token.maxTotal),
    uses: token.uses,
    uses_left: room.uses,
    amount_left: money(room.amount),
    expires_at: instantToWire(token.expiresAt),
    payee_id: showing.payeeId,
    payee_name: payeeName,
  });
}

/** `form`: the text of the QR code alone, the code and what it is good for, or without the code what was written. */
export function presentShownCode(shown: ShownCodeWire, { form, invert }: { readonly form: 'text' | 'qr' | 'files'; readonly invert: boolean }, screen: Screen): string {
  if (form === 'text') {
    return shown.text;
  }
  const lines = details([...shownCodeLines(shown), ['showing', `${shown.counter}, good until ${clock(new Date(shown.proof_expires_at))}`], ['written', shown.written?.join(', ')]], screen);
  return form === 'files' ? lines : `${presentQr(shown.text, screen, { darkInk: invert })}\n${lines}`;
}

/** What stands below the code. */
export function shownCodeLines(shown: ShownCodeWire): readonly (readonly [string, string | undefined])[] {
  const to = shown.payee_id === undefined ? '' : ` to ${shown.payee_name ?? shown.payee_id}`;
  return [
    ['pays', `${shown.bound ? '' : 'up to '}${moneyForPeople(shown.pays)}${to}`],
    ['left then', `${left(shown)}, of ${moneyForPeople(shown.limit)}`],
    ['valid until', `${localTime(shown.expires_at)}; this terminal’s clock says ${clock(new Date(shown.at))}`],
  ];
}

export const takenBackSchema = object('TakenBackCode', { code_id: id, counter: count, taken_back_at: instant, uses_left: count, uses: count, amount_left: amountSchema });
export type TakenBackWire = Static<typeof takenBackSchema>;

export function takenBackToWire({ token }: OwnCode, { counter, takenBackAt }: Showing, history: CodeHistory): TakenBackWire {
  const room = roomOf(token, history);
  return {
    code_id: token.id,
    counter,
    taken_back_at: instantToWire(takenBackAt!),
    uses_left: room.uses,
    uses: token.uses,
    amount_left: amountToWire({ minor: room.amount, currency: token.currency }),
  };
}

export function presentTakenBack(taken: TakenBackWire, screen: Screen): string {
  return details([['code', taken.code_id], ['taken back', `showing ${taken.counter}`], ['left', left(taken)]], screen);
}

export const revokedCodeSchema = object('RevokedCode', { code_id: id, revoked_at: instant, settled: amountSchema, settled_uses: count, settle_by: instant });
export type RevokedCodeWire = Static<typeof revokedCodeSchema>;

export function revokedCodeToWire({ token, revokedAt, settled, settledUses, settleBy }: CreditCode): RevokedCodeWire {
  return {
    code_id: token.id,
    revoked_at: instantToWire(revokedAt!),
    settled: amountToWire({ minor: settled, currency: token.currency }),
    settled_uses: settledUses,
    settle_by: instantToWire(settleBy),
  };
}

export function presentRevokedCode(code: RevokedCodeWire, screen: Screen): string {
  return details(
    [
      ['code', code.code_id],
      ['revoked', localTime(code.revoked_at)],
      ['paid', `${moneyForPeople(code.settled)} in ${code.settled_uses} ${code.settled_uses === 1 ? 'payment' : 'payments'}`],
      ['settled until', localTime(code.settle_by)],
    ],
    screen,
  );
}
