import { createHash } from 'node:crypto';
import type { Clock, Random } from '../../src/domain/clock.ts';

export const beginning = Date.parse('2027-03-01T08:00:00.000Z');

/** A time that passes when somebody says so, and chance that is the same in every run. */
export class Clockwork implements Clock, Random {
  /** Milliseconds since 1970. */
  at = beginning;
  #drawn = 0;

  now(): Date {
    return new Date(this.at);
  }

  pass(ms: number): void {
    this.at += ms;
  }

  bytes(length: number): Uint8Array {
    const blocks: Buffer[] = [];
    for (let made = 0; made < length; made += 32) {
      this.#drawn += 1;
      blocks.push(createHash('sha256').update(String(this.#drawn)).digest());
    }
    return Buffer.concat(blocks).subarray(0, length);
  }
}
