import { LatchkeyError } from '../../src/domain/errors.ts';
import type { ApRole } from '../../src/roles/ap/ports.ts';

/** A registry whose line can be cut. Calls that are under way when it is cut fail as well. */
export class SwitchedAp {
  readonly ap: ApRole;
  readonly calls: string[] = [];
  #line = new AbortController();

  constructor(real: ApRole) {
    this.ap = new Proxy(real, {
      get: (target, name: keyof ApRole) => async (...args: never[]) => {
        this.calls.push(name);
        const line = this.#line.signal;
        if (line.aborted) {
          throw new LatchkeyError('remote_unreachable');
        }
        const cut = new Promise<never>((_resolve, reject) => {
          line.addEventListener('abort', () => reject(new LatchkeyError('remote_unreachable')), { once: true });
        });
        return Promise.race([(target[name] as (...given: never[]) => Promise<unknown>).apply(target, args), cut]);
      },
    });
  }

  cut(): void {
    this.#line.abort();
  }

  mend(): void {
    this.#line = new AbortController();
  }
}
