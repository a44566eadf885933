import { hash } from 'node:crypto';
import { passTmpFrom, uuidFrom } from '../../src/protocol/encoding.ts';

export interface BenchDevice {
  readonly uuid: string;
  readonly passTmp: string;
}

/** The device of this number: the same in every process, so that nobody has to hand round a million of them. */
export function benchDevice(number: number): BenchDevice {
  const bytes = hash('sha512', `latchkey bench device ${number}`, 'buffer');
  return { uuid: uuidFrom(bytes.subarray(0, 16)), passTmp: passTmpFrom(bytes.subarray(16, 42)) };
}
