import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { checker } from '../../api/check.ts';
import { chargeFromWire, chargeSchema, chargeToWire } from '../../api/registers.ts';
import { boolean, count, id, instant, object, oneOf, remark, type Static } from '../../api/schema.ts';
import { instantFromWire, instantToWire } from '../../api/wire.ts';
import { isErrorCode, LatchkeyError } from '../../domain/errors.ts';
import type { BegunCharge, ChargeEnd, ChargeJournal, EndedCharge } from '../../roles/pos/charge-journal.ts';
import { withLock } from '../../secrets/lock.ts';
import { LineJournal } from '../line-journal.ts';
import { paths } from '../paths.ts';

const lineSchema = object('ChargeLine', { number: { ...count, minimum: 1 } }, {
  begun: object('BegunCharge', { order: id, key: id, begun_at: instant, charge: chargeSchema }),
  ended: object('EndedCharge', { kind: oneOf(['charged', 'refused']) }, { sale_id: id, code: remark, message: remark }),
  told: boolean,
});
type Line = Static<typeof lineSchema>;

interface Entry {
  readonly begun: BegunCharge;
  end: ChargeEnd | undefined;
  told: boolean;
}

const content = {
  check: checker(lineSchema),
  begin: (): Entry[] => [],
  take,
  entries: (entries: Entry[]) => entries,
  isOpen: ({ end }: Entry) => end === undefined,
  linesOf,
  of: 'charge',
  hint: 'Compare it with `latchkey pos report`, and move it away.',
};

/** Charges take a moment; a lock that is held for this long is held by a register that hangs. */
const patienceMs = 60_000;
const extension = '.charges.ndjson';

/**
 * The journal of charges of a cash register, a file of this machine: a line when a charge is begun, another when it has
 * come to its end, a third when its wallet knows. The transaction passwords in it pay nothing else, and nothing once they
 * are used.
 */
export class ChargeFile implements ChargeJournal {
  readonly #path: string;
  readonly #journal: LineJournal<Line, Entry[], Entry>;

  constructor(registerId: string, folder = chargesFolder()) {
    this.#path = join(folder, `${registerId}${extension}`);
    this.#journal = new LineJournal(this.#path, content);
  }

  /** Of every register that has charged on this machine. */
  static all(folder = chargesFolder()): ChargeFile[] {
    const names = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith(extension)) : [];
    return names.map((name) => new ChargeFile(name.slice(0, -extension.length), folder));
  }

  exclusively<T>(work: () => Promise<T>): Promise<T> {
    return withLock(`${this.#path}.lock`, work, {
      patienceMs,
      refusal: () => new LatchkeyError('charge_open', 'Another process of this cash register is in the middle of a charge.', { hint: 'Wait for it, or end it.' }),
    });
  }

  async pending(): Promise<readonly BegunCharge[]> {
    return this.#journal.read().filter(({ end }) => end === undefined).map(({ begun }) => begun);
  }

  async paid(order: string): Promise<EndedCharge | undefined> {
    return ended(this.#journal.read().findLast(({ begun, end }) => begun.order === order && end?.kind === 'charged'));
  }

  async untold(wallet: { readonly accountId: string; readonly terminalId: string }): Promise<EndedCharge | undefined> {
    const last = this.#journal.read().findLast(({ begun: { charge: { authority } } }) =>
      authority.kind === 'wallet' && authority.accountId === wallet.accountId && authority.terminalId === wallet.terminalId);
    return last?.told === false ? ended(last) : undefined;
  }

  async begin(charge: Omit<BegunCharge, 'number'>): Promise<BegunCharge> {
    this.#journal.shorten();
    const number = (this.#journal.read().at(-1)?.begun.number ?? 0) + 1;
    this.#journal.add(begunLine({ ...charge, number }));
    return { ...charge, number };
  }

  async end({ number }: BegunCharge, end: ChargeEnd): Promise<void> {
    this.#journal.add(endedLine(number, end));
  }

  async told({ number }: BegunCharge): Promise<void> {
    this.#journal.add({ number, told: true });
  }
}

function take(entries: Entry[], { number, begun, ended: end, told }: Line): void {
  if (begun !== undefined) {
    const { order, key, begun_at: at, charge } = begun;
    entries.push({ begun: { number, order, charge: chargeFromWire(charge, key), begunAt: instantFromWire(at) }, end: undefined, told: false });
    return;
  }
  const entry = entries.findLast((each) => each.begun.number === number);
  if (entry !== undefined) {
    entry.end = end === undefined ? entry.end : endFrom(end);
    entry.told ||= told === true;
  }
}

function linesOf({ begun, end, told }: Entry): Line[] {
  const { number } = begun;
  return [begunLine(begun), ...(end === undefined ? [] : [endedLine(number, end)]), ...(told ? [{ number, told }] : [])];
}

function chargesFolder(): string {
  return join(paths().state, 'pos');
}

function begunLine({ number, order, charge, begunAt }: BegunCharge): Line {
  return { number, begun: { order, key: charge.key, begun_at: instantToWire(begunAt), charge: chargeToWire(charge) } };
}

function endedLine(number: number, end: ChargeEnd): Line {
  return { number, ended: end.kind === 'charged' ? { kind: end.kind, sale_id: end.saleId } : end };
}

function ended(entry: Entry | undefined): EndedCharge | undefined {
  return entry?.end && { ...entry.begun, end: entry.end };
}

function endFrom({ kind, sale_id: saleId = '', code = '', message = '' }: NonNullable<Line['ended']>): ChargeEnd {
  return kind === 'charged' ? { kind, saleId } : { kind: 'refused', code: isErrorCode(code) ? code : 'internal', message };
}
