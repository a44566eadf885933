import { Buffer } from 'node:buffer';
import { existsSync, readFileSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { checker } from '../../api/check.ts';
import { chargeFromWire, chargeSchema, chargeToWire } from '../../api/registers.ts';
import { boolean, count, id, instant, object, oneOf, remark, type Static } from '../../api/schema.ts';
import { instantFromWire, instantToWire } from '../../api/wire.ts';
import { isErrorCode, LatchkeyError } from '../../domain/errors.ts';
import type { BegunCharge, ChargeEnd, ChargeJournal, EndedCharge } from '../../roles/pos/charge-journal.ts';
import { withLock } from '../../secrets/lock.ts';
import { LineFile } from '../line-file.ts';
import { ensureFolder, paths } from '../paths.ts';

const lineSchema = object('ChargeLine', { number: { ...count, minimum: 1 } }, {
  begun: object('BegunCharge', { order: id, key: id, begun_at: instant, charge: chargeSchema }),
  ended: object('EndedCharge', { kind: oneOf(['charged', 'refused']) }, { sale_id: id, code: remark, message: remark }),
  told: boolean,
});
type Line = Static<typeof lineSchema>;
const check = checker(lineSchema);

interface Entry {
  readonly begun: BegunCharge;
  end: ChargeEnd | undefined;
  told: boolean;
}

/** Charges take a moment; a lock that is held for this long is held by a register that hangs. */
const patienceMs = 60_000;
const mostEntries = 2000;

/**
 * The journal of charges of a cash register, a file of this machine: a line when a charge is begun, another when it has
 * come to its end, a third when its wallet knows; each on the disk before anything follows from it. A torn last line
 * counts as not written. The transaction passwords in it pay nothing else, and nothing once they are used.
 */
export class ChargeFile implements ChargeJournal {
  readonly #path: string;
  #entries: Entry[] = [];
  /** Of what is whole and was read. */
  #bytes = 0;
  /** Another one once it was shortened. */
  #inode = 0;

  constructor(registerId: string, folder = join(paths().state, 'pos')) {
    this.#path = join(folder, `${registerId}.charges.ndjson`);
  }

  exclusively<T>(work: () => Promise<T>): Promise<T> {
    return withLock(`${this.#path}.lock`, work, {
      patienceMs,
      refusal: () => new LatchkeyError('charge_open', 'Another process of this cash register is in the middle of a charge.', { hint: 'Wait for it, or end it.' }),
    });
  }

  async pending(): Promise<readonly BegunCharge[]> {
    return this.#read().filter(({ end }) => end === undefined).map(({ begun }) => begun);
  }

  async paid(order: string): Promise<EndedCharge | undefined> {
    return ended(this.#read().findLast(({ begun, end }) => begun.order === order && end?.kind === 'charged'));
  }

  async untold(wallet: { readonly accountId: string; readonly terminalId: string }): Promise<EndedCharge | undefined> {
    const last = this.#read().findLast(({ begun: { charge: { authority } } }) =>
      authority.kind === 'wallet' && authority.accountId === wallet.accountId && authority.terminalId === wallet.terminalId);
    return last?.told === false ? ended(last) : undefined;
  }

  async begin(charge: Omit<BegunCharge, 'number'>): Promise<BegunCharge> {
    this.#shorten();
    const number = (this.#read().at(-1)?.begun.number ?? 0) + 1;
    this.#add(begunLine({ ...charge, number }));
    return { ...charge, number };
  }

  async end({ number }: BegunCharge, end: ChargeEnd): Promise<void> {
    this.#add(endedLine(number, end));
  }

  async told({ number }: BegunCharge): Promise<void> {
    this.#add({ number, told: true });
  }

  /** Only what others have added since. Errors: `invalid_input` if it is damaged. */
  #read(): readonly Entry[] {
    const { size, ino } = existsSync(this.#path) ? statSync(this.#path) : { size: 0, ino: 0 };
    if (size !== this.#bytes || ino !== this.#inode) {
      this.#inode = ino;
      const text = size === 0 ? '' : readFileSync(this.#path, 'utf8');
      const whole = text.slice(0, text.lastIndexOf('\n') + 1);
      this.#bytes = Buffer.byteLength(whole);
      this.#entries = [];
      whole.split('\n').slice(0, -1).forEach((line) => this.#take(this.#parsed(line)));
    }
    return this.#entries;
  }

  /** Of many that have ended the last are enough: who asks for an older one again is answered by the registry. */
  #shorten(): void {
    const entries = this.#read();
    if (entries.length < mostEntries) {
      return;
    }
    const kept = entries.filter(({ end }, at) => end === undefined || at >= entries.length - mostEntries / 2);
    const lines = kept.flatMap(({ begun, end, told }): Line[] => [
      begunLine(begun),
      ...(end === undefined ? [] : [endedLine(begun.number, end)]),
      ...(told ? [{ number: begun.number, told }] : []),
    ]);
    const part = `${this.#path}.part`;
    {
      using file = LineFile.create(part, 'the journal', { replace: true });
      lines.forEach((line) => file.append(`${JSON.stringify(line)}\n`));
      file.sync();
    }
    renameSync(part, this.#path);
  }

  #take({ number, begun, ended: end, told }: Line): void {
    if (begun !== undefined) {
      const { order, key, begun_at: at, charge } = begun;
      this.#entries.push({ begun: { number, order, charge: chargeFromWire(charge, key), begunAt: instantFromWire(at) }, end: undefined, told: false });
      return;
    }
    const entry = this.#entries.findLast((each) => each.begun.number === number);
    if (entry !== undefined) {
      entry.end = end === undefined ? entry.end : endFrom(end);
      entry.told ||= told === true;
    }
  }

  /** What could not be read again is not written. Errors: `invalid_input`. */
  #add(line: Line): void {
    const checked = check(line);
    if (!checked.ok) {
      throw new LatchkeyError('invalid_input', 'This charge cannot be written down.', { problems: checked.problems });
    }
    this.#read();
    ensureFolder(join(this.#path, '..'));
    using file = existsSync(this.#path) ? LineFile.reopen(this.#path, 'the journal', this.#bytes) : LineFile.create(this.#path, 'the journal');
    file.append(`${JSON.stringify(line)}\n`);
    file.sync();
    this.#bytes = file.size;
    this.#take(line);
  }

  #parsed(text: string): Line {
    try {
      const checked = check(JSON.parse(text));
      if (checked.ok) {
        return checked.value;
      }
    } catch {
      // As any other line that is none of ours.
    }
    throw new LatchkeyError('invalid_input', `The journal of charges ${this.#path} is damaged.`, { hint: 'Compare it with `latchkey pos report`, and move it away.' });
  }
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
