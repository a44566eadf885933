import { LatchkeyError } from '../../domain/errors.ts';
import type { PhoneService } from './phone-counter.ts';

const comeAgainS = 2;

/** Where phones come to: the counter once it is open, and before that the reason why they have to wait. */
export class PhoneEntrance implements PhoneService {
  #counter: PhoneService | undefined;

  opens(counter: PhoneService): void {
    this.#counter = counter;
  }

  async open(...args: Parameters<PhoneService['open']>) {
    return this.#open().open(...args);
  }

  async pay(...args: Parameters<PhoneService['pay']>) {
    return this.#open().pay(...args);
  }

  async access(...args: Parameters<PhoneService['access']>) {
    return this.#open().access(...args);
  }

  async portal(...args: Parameters<PhoneService['portal']>) {
    return this.#open().portal(...args);
  }

  /** Errors: `server_unavailable`. */
  #open(): PhoneService {
    if (this.#counter === undefined) {
      throw new LatchkeyError('server_unavailable', 'The cash register does not reach its server yet.', { retryAfter: comeAgainS });
    }
    return this.#counter;
  }
}
