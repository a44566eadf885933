import type { ErrorCode } from '../domain/errors.ts';
import type { BadLine } from '../formats/rows.ts';
import { LineFile } from './line-file.ts';

/** A row that was not taken: where it is, why, and what of it is no secret. */
export interface Reject {
  readonly line: number;
  readonly code: ErrorCode;
  readonly reason: string;
  readonly row?: Readonly<Record<string, string | undefined>>;
}

export function isReject(item: object): item is Reject {
  return 'reason' in item;
}

const longestShown = 256;

/** Of a reject: what is no secret, and no more of each value than shows which it is. */
export function rejectedRow(values: Readonly<Record<string, string | undefined>>): Readonly<Record<string, string | undefined>> {
  const { uuid, ssid, model, batch, label, mac } = values;
  return Object.fromEntries(Object.entries({ uuid, ssid, model, batch, label, mac }).map(([name, value]) => [name, value?.slice(0, longestShown)]));
}

/** From a line that is none. */
export function rejectOfLine({ line, problem }: BadLine): Reject {
  return { line, code: 'invalid_input', reason: `Line ${line} ${problem}.` };
}

export function rejectLine(reject: Reject): string {
  return `${JSON.stringify(reject)}\n`;
}

/** The rows that were not taken, one JSON object a line, and how many there were, also if no file is named. */
export class RejectsFile implements Disposable {
  count = 0;
  readonly #file: LineFile | undefined;

  /** Makes the file, empty, also if nothing is rejected; that of an earlier command is replaced. Errors: those of `LineFile`. */
  constructor(path: string | undefined) {
    this.#file = path === undefined ? undefined : LineFile.create(path, '--rejects', { replace: true });
  }

  add(...rejects: readonly Reject[]): void {
    this.count += rejects.length;
    this.#file?.append(rejects.map(rejectLine).join(''));
  }

  [Symbol.dispose](): void {
    this.#file?.[Symbol.dispose]();
  }
}
