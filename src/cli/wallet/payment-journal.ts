import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { payeeFromWire, payeeSchema, payeeToWire } from '../../api/accounts.ts';
import { checker } from '../../api/check.ts';
import { paymentInputFromWire, paymentInputSchema, paymentInputToWire, paymentReplyFromWire, paymentReplySchema, paymentReplyToWire } from '../../api/payments.ts';
import { boolean, count, id, instant, object, oneOf, remark, type Static } from '../../api/schema.ts';
import { instantFromWire, instantToWire } from '../../api/wire.ts';
import { isErrorCode, LatchkeyError } from '../../domain/errors.ts';
import type { BegunPayment, EndedPayment, PaymentEnd, PaymentJournal } from '../../roles/wallet/payer.ts';
import { LineFile } from '../line-file.ts';
import { ensureFolder, paths } from '../paths.ts';

const lineSchema = object('JournalLine', { key: id }, {
  begun: object('Begun', { account_id: id, payee: payeeSchema, code_number: count, begun_at: instant, request: paymentInputSchema }),
  given_up: boolean,
  ended: object('Ended', { kind: oneOf(['accepted', 'refused', 'cancelled']) }, { reply: paymentReplySchema, code: remark, message: remark }),
});
type Line = Static<typeof lineSchema>;
const check = checker(lineSchema);

interface Content {
  /** In the order in which they were begun. */
  readonly payments: readonly { readonly begun: BegunPayment; readonly end: PaymentEnd | undefined }[];
  /** Of what is whole. */
  readonly bytes: number;
}

/**
 * The journal of payments of this terminal, a file for each account: a line when a payment is begun, another when it
 * has come to its end, each on the disk before anything follows from it; a torn last line counts as not written. The
 * transaction password in it pays nothing else, and nothing once it is used. Whoever uses it holds the account's lock.
 */
export class PaymentFile implements PaymentJournal {
  readonly #folder: string;

  constructor(folder = join(paths().state, 'wallet')) {
    this.#folder = folder;
  }

  async pending(accountId: string): Promise<BegunPayment | undefined> {
    return this.read(accountId).payments.findLast(({ end }) => end === undefined)?.begun;
  }

  async find(accountId: string, key: string): Promise<EndedPayment | undefined> {
    const payment = this.read(accountId).payments.find(({ begun }) => begun.request.key === key);
    return payment?.end && { ...payment.begun, end: payment.end };
  }

  async begin(begun: BegunPayment): Promise<void> {
    const { accountId, payee, request, codeNumber, begunAt } = begun;
    this.#add(accountId, {
      key: request.key,
      begun: { account_id: accountId, payee: payeeToWire(payee), code_number: codeNumber, begun_at: instantToWire(begunAt), request: paymentInputToWire(request) },
    });
  }

  async giveUp({ accountId, request: { key } }: BegunPayment): Promise<void> {
    this.#add(accountId, { key, given_up: true });
  }

  async end({ accountId, request: { key } }: BegunPayment, end: PaymentEnd): Promise<void> {
    this.#add(accountId, { key, ended: end.kind === 'accepted' ? { kind: end.kind, reply: paymentReplyToWire({ ...end.reply, renewal: undefined }) } : end });
  }

  /** Errors: `invalid_input` if it is damaged. */
  read(accountId: string): Content {
    const path = this.#path(accountId);
    const text = existsSync(path) ? readFileSync(path, 'utf8') : '';
    const whole = text.slice(0, text.lastIndexOf('\n') + 1);
    const lines = whole.split('\n').slice(0, -1).map((line) => parseLine(line, path));
    const givenUp = new Set(lines.flatMap(({ key, given_up: given }) => (given === true ? [key] : [])));
    const ends = new Map(lines.flatMap(({ key, ended }) => (ended === undefined ? [] : [[key, endFrom(ended)]])));
    return {
      payments: lines.flatMap(({ key, begun }) => (begun === undefined ? [] : [{ begun: begunFrom(key, begun, givenUp.has(key)), end: ends.get(key) }])),
      bytes: Buffer.byteLength(whole),
    };
  }

  #path(accountId: string): string {
    return join(ensureFolder(this.#folder), `${accountId}.payments.ndjson`);
  }

  /** What could not be read again is not written. Errors: `invalid_input`. */
  #add(accountId: string, line: Line): void {
    const checked = check(line);
    if (!checked.ok) {
      throw new LatchkeyError('invalid_input', 'This payment cannot be written down.', { problems: checked.problems });
    }
    const path = this.#path(accountId);
    using file = existsSync(path) ? LineFile.reopen(path, 'the journal', this.read(accountId).bytes) : LineFile.create(path, 'the journal');
    file.append(`${JSON.stringify(line)}\n`);
    file.sync();
  }
}

function begunFrom(key: string, begun: NonNullable<Line['begun']>, givenUp: boolean): BegunPayment {
  return {
    accountId: begun.account_id,
    payee: payeeFromWire(begun.payee),
    request: paymentInputFromWire(begun.request, key),
    codeNumber: begun.code_number,
    begunAt: instantFromWire(begun.begun_at),
    ...(givenUp ? { givenUp } : {}),
  };
}

function endFrom({ kind, reply, code = '', message = '' }: NonNullable<Line['ended']>): PaymentEnd {
  if (kind === 'accepted' && reply !== undefined) {
    const { renewal: _none, ...accepted } = paymentReplyFromWire(reply);
    return { kind, reply: accepted };
  }
  return kind === 'refused' ? { kind, code: isErrorCode(code) ? code : 'internal', message } : { kind: 'cancelled' };
}

function parseLine(text: string, path: string): Line {
  try {
    const checked = check(JSON.parse(text));
    if (checked.ok) {
      return checked.value;
    }
  } catch {
    // As any other line that is none of ours.
  }
  throw new LatchkeyError('invalid_input', `The journal of payments ${path} is damaged.`, { hint: 'Compare it with `latchkey payment list`, and move it away.' });
}
