import type { ErrorCode } from '../domain/errors.ts';
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

export function rejectLine(reject: Reject): string {
  return `${JSON.stringify(reject)}\n`;
}

/** The rows that were not taken, one JSON object a line, and how many there were, also if no file is named. */
export class RejectsFile implements Disposable {
  count = 0;
  readonly #file: LineFile | undefined;

  /** Makes the file, empty, also if nothing is rejected; that of an earlier run is replaced. Errors: those of `LineFile`. */
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
