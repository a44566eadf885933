import { readFileSync, watch } from 'node:fs';

/** A file that grows while a program in the guest writes to it. */
export class OutputFile {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  text(): string {
    return readFileSync(this.#path, 'utf8');
  }

  /** The last lines, for messages to people. */
  tail(lines = 30): string {
    return this.text().trimEnd().split('\n').slice(-lines).join('\n');
  }

  /** Resolves with the first match after this many characters; rejects with the signal's reason. */
  until(pattern: RegExp, since: number, signal: AbortSignal): Promise<RegExpExecArray> {
    const { promise, resolve, reject } = Promise.withResolvers<RegExpExecArray>();
    const look = () => {
      const match = pattern.exec(this.text().slice(since));
      if (match !== null) {
        resolve(match);
      }
    };
    const giveUp = () => {
      look();
      reject(signal.reason);
    };
    const watcher = watch(this.#path, look);
    signal.addEventListener('abort', giveUp);
    look();
    if (signal.aborted) {
      giveUp();
    }
    return promise.finally(() => {
      watcher.close();
      signal.removeEventListener('abort', giveUp);
    });
  }
}
