import { LatchkeyError } from '../../domain/errors.ts';
import type { Log } from './log.ts';
import type { RadioStatus } from './radio.ts';

interface Options {
  /** The radio's. */
  readonly kind: string;
  readonly now: () => Date | undefined;
  readonly log: Log;
}

/** What keeps the radio from doing what the grants say: told once as long as it is the same, and seen in the status. */
export class RadioTrouble {
  readonly #options: Options;
  #trouble: RadioStatus['trouble'];
  #failures = 0;

  constructor(options: Options) {
    this.#options = options;
  }

  get status(): Pick<RadioStatus, 'trouble' | 'failures'> {
    return { trouble: this.#trouble, failures: this.#failures };
  }

  failed(error: unknown): void {
    const { kind, log, now } = this.#options;
    const detail = error instanceof Error ? error.message : String(error);
    this.#failures += 1;
    if (this.#trouble?.detail !== detail) {
      log('error', 'The radio is not in step with the grants; trying again.', { radio: kind, error });
    }
    const hint = error instanceof LatchkeyError ? error.hint : undefined;
    this.#trouble = { detail, hint, since: this.#trouble?.since ?? now() ?? new Date() };
  }

  over(): void {
    if (this.#trouble !== undefined) {
      this.#options.log('info', 'The radio is in step with the grants again.', { since: this.#trouble.since });
      this.#trouble = undefined;
    }
  }
}
