import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { payeeFromWire, payeeSchema, payeeToWire } from '../../api/accounts.ts';
import { checker } from '../../api/check.ts';
import { minor } from '../../api/money.ts';
import { arrayOf, count, id, instant, object, type Static } from '../../api/schema.ts';
import { instantFromWire, instantToWire, present } from '../../api/wire.ts';
import type { Payee } from '../../domain/account.ts';
import { LatchkeyError } from '../../domain/errors.ts';
import type { CodeHistory, Correction, NewShowing, Showing, ShowingJournal } from '../../roles/wallet/showing.ts';
import { LineJournal } from '../line-journal.ts';
import { paths } from '../paths.ts';

const lineSchema = object('ShowingLine', { code_id: id }, {
  begun: object('BegunCode', { payees: arrayOf(payeeSchema) }),
  shown: object('BegunShowing', { counter: count, at: instant }, { amount: minor, payee_id: id }),
  taken_back: object('TakenBack', { counter: count, at: instant }),
  settled: object('SettledShowing', { counter: count, amount: minor, at: instant }),
  revoked_at: instant,
});
type Line = Static<typeof lineSchema>;

interface Shown {
  readonly showings: Map<number, Showing>;
  payees: readonly Payee[] | undefined;
  revokedAt: Date | undefined;
}

const hint = 'Nobody knows any more which of its uses were shown: have it revoked with `latchkey code revoke`, and another one issued.';

const content = {
  check: checker(lineSchema),
  begin: (): Shown => ({ showings: new Map(), payees: undefined, revokedAt: undefined }),
  take,
  // A code has few showings, and all of them count: this journal is never shortened.
  entries: ({ showings }: Shown) => [...showings.values()],
  isOpen: () => true,
  linesOf: () => [],
  of: 'showing',
  hint,
};

/**
 * The journal of what was shown of each credit payment code, a file for each: a line before its first rendering, another
 * when it is taken back or settled. There is nothing secret in it. Whoever writes holds the code's lock.
 */
export class ShowingFile implements ShowingJournal {
  readonly #folder: string;

  constructor(folder = join(paths().state, 'wallet')) {
    this.#folder = folder;
  }

  async begin(codeId: string, payees: readonly Payee[]): Promise<void> {
    if (this.#journal(codeId).read().payees === undefined) {
      this.#add({ code_id: codeId, begun: { payees: payees.map(payeeToWire) } });
    }
  }

  async of(codeId: string): Promise<CodeHistory> {
    const { payees, showings, revokedAt } = this.#journal(codeId).read();
    if (payees === undefined && revokedAt === undefined) {
      throw new LatchkeyError('invalid_input', `The journal of showings ${this.#path(codeId)} is gone.`, { hint });
    }
    return { payees: payees ?? [], showings: [...showings.values()].sort((one, other) => one.counter - other.counter), revokedAt };
  }

  async show(codeId: string, { counter, at, amount, payeeId }: NewShowing): Promise<void> {
    this.#add({ code_id: codeId, shown: present({ counter, at: instantToWire(at), amount: amount?.toString(), payee_id: payeeId }) });
  }

  async takeBack(codeId: string, counter: number, at: Date): Promise<void> {
    this.#add({ code_id: codeId, taken_back: { counter, at: instantToWire(at) } });
  }

  async correct(codeId: string, { settled, revokedAt }: Correction): Promise<void> {
    for (const { counter, amount, at } of settled) {
      this.#add({ code_id: codeId, settled: { counter, amount: amount.toString(), at: instantToWire(at) } });
    }
    if (revokedAt !== undefined) {
      this.#add({ code_id: codeId, revoked_at: instantToWire(revokedAt) });
    }
  }

  async forget(codeId: string): Promise<void> {
    await rm(this.#path(codeId), { force: true });
  }

  #add(line: Line): void {
    this.#journal(line.code_id).add(line);
  }

  #journal(codeId: string): LineJournal<Line, Shown, Showing> {
    return new LineJournal(this.#path(codeId), content);
  }

  #path(codeId: string): string {
    return join(this.#folder, `${codeId}.showings.ndjson`);
  }
}

function take(state: Shown, { begun, shown, taken_back: takenBack, settled, revoked_at: revokedAt }: Line): void {
  const { showings } = state;
  if (begun !== undefined) {
    state.payees = begun.payees.map(payeeFromWire);
  }
  if (shown !== undefined) {
    const { counter, at, amount, payee_id: payeeId } = shown;
    showings.set(counter, { counter, at: instantFromWire(at), amount: amount === undefined ? undefined : BigInt(amount), payeeId, takenBackAt: undefined, settled: undefined });
  }
  if (takenBack !== undefined) {
    change(showings, takenBack.counter, instantFromWire(takenBack.at), { takenBackAt: instantFromWire(takenBack.at) });
  }
  if (settled !== undefined) {
    change(showings, settled.counter, instantFromWire(settled.at), { settled: BigInt(settled.amount) });
  }
  if (revokedAt !== undefined) {
    state.revokedAt = instantFromWire(revokedAt);
  }
}

/** One that this journal has not seen was shown all the same: a settlement says so. */
function change(showings: Map<number, Showing>, counter: number, at: Date, changed: Partial<Showing>): void {
  const known = showings.get(counter) ?? { counter, at, amount: undefined, payeeId: undefined, takenBackAt: undefined, settled: undefined };
  showings.set(counter, { ...known, ...changed });
}
