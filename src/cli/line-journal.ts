import { Buffer } from 'node:buffer';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Checked } from '../api/check.ts';
import { LatchkeyError } from '../domain/errors.ts';
import { LineFile } from './line-file.ts';
import { ensureFolder } from './paths.ts';

/** What a journal is of, and what it comes to. */
export interface JournalContent<Line, State, Entry> {
  readonly check: (value: unknown) => Checked<Line>;
  /** Before its first line. */
  begin(): State;
  take(state: State, line: Line): void;
  /** What there is by these lines, in the order in which it was begun. */
  entries(state: State): readonly Entry[];
  isOpen(entry: Entry): boolean;
  /** Those of which this entry would come again. */
  linesOf(entry: Entry): readonly Line[];
  /** Such as "charge". */
  readonly of: string;
  /** What to do with one that is damaged. */
  readonly hint: string;
}

/** Of more entries the last are enough: whoever asks for an older one again is answered by the server. */
const mostEntries = 2000;

/**
 * A journal of this machine, a JSON document a line, each on the disk before `add` returns. A torn last line counts as
 * not written. Others may add to it meanwhile, one at a time.
 */
export class LineJournal<Line extends object, State, Entry> {
  readonly #path: string;
  readonly #content: JournalContent<Line, State, Entry>;
  #state: State;
  /** Of what is whole and was read. */
  #bytes = 0;
  /** Another one once it was replaced. */
  #inode = 0;

  constructor(path: string, content: JournalContent<Line, State, Entry>) {
    this.#path = path;
    this.#content = content;
    this.#state = content.begin();
  }

  /** What its lines come to now. Errors: `invalid_input` if it is damaged. */
  read(): State {
    const { size, ino } = existsSync(this.#path) ? statSync(this.#path) : { size: 0, ino: 0 };
    if (size !== this.#bytes || ino !== this.#inode) {
      const text = size === 0 ? '' : readFileSync(this.#path, 'utf8');
      const whole = text.slice(0, text.lastIndexOf('\n') + 1);
      const state = this.#content.begin();
      whole.split('\n').slice(0, -1).forEach((line) => this.#content.take(state, this.#parsed(line)));
      this.#state = state;
      this.#bytes = Buffer.byteLength(whole);
      this.#inode = ino;
    }
    return this.#state;
  }

  /** What could not be read again is not written. Errors: `invalid_input`, those of `LineFile`. */
  add(line: Line): void {
    const { check, of, take } = this.#content;
    const checked = check(line);
    if (!checked.ok) {
      throw new LatchkeyError('invalid_input', `This ${of} cannot be written down.`, { problems: checked.problems });
    }
    const state = this.read();
    ensureFolder(dirname(this.#path));
    {
      using file = existsSync(this.#path) ? LineFile.reopen(this.#path, 'the journal', this.#bytes) : LineFile.create(this.#path, 'the journal');
      file.append(`${JSON.stringify(line)}\n`);
      file.sync();
      this.#bytes = file.size;
    }
    this.#inode = statSync(this.#path).ino;
    take(state, line);
  }

  /** Of very many entries keeps the last thousand and all that are open; until it returns, all are there. Errors: as `add`. */
  shorten(): void {
    const { entries: entriesOf, isOpen, linesOf } = this.#content;
    const entries = entriesOf(this.read());
    if (entries.length < mostEntries) {
      return;
    }
    const kept = entries.filter((entry, at) => isOpen(entry) || at >= entries.length - mostEntries / 2);
    LineFile.replace(this.#path, 'the journal', kept.flatMap(linesOf).map((line) => `${JSON.stringify(line)}\n`).join(''));
  }

  #parsed(text: string): Line {
    const { check, of, hint } = this.#content;
    try {
      const checked = check(JSON.parse(text));
      if (checked.ok) {
        return checked.value;
      }
    } catch {
      // As any other line that is none of ours.
    }
    throw new LatchkeyError('invalid_input', `The journal of ${of}s ${this.#path} is damaged.`, { hint });
  }
}
