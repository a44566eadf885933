import { Buffer } from 'node:buffer';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { MeterReading, MeterSide } from '../domain/meter.ts';
import { LatchkeyError } from '../domain/errors.ts';
import { newEd25519 } from './ed25519.ts';
import { meterMessage, signReading, verifyReading } from './meter-reading.ts';

interface Vector {
  readonly what: string;
  readonly grant_id: string;
  readonly side: MeterSide;
  readonly bytes_in: string;
  readonly bytes_out: string;
  readonly seconds: number;
  readonly at: string;
  readonly final: boolean;
  readonly signature: string;
}

const file = new URL('../../test/vectors/meter-reading.json', import.meta.url);
const { seed, public: publicText, vectors, refused } = JSON.parse(readFileSync(file, 'utf8')) as {
  readonly seed: string; readonly public: string; readonly vectors: readonly (Vector & { readonly message_hex: string })[]; readonly refused: readonly Vector[];
};
const key = newEd25519(Buffer.from(seed, 'base64url'));
const publicKey = Buffer.from(publicText, 'base64url');

function readingOf(of: Vector): MeterReading {
  return {
    grantId: of.grant_id, side: of.side, bytesIn: BigInt(of.bytes_in), bytesOut: BigInt(of.bytes_out), seconds: of.seconds, at: new Date(of.at), isFinal: of.final,
    signature: Buffer.from(of.signature, 'base64url'),
  };
}

test.each(vectors)('$what is signed and verified as others do', (vector) => {
  const reading = readingOf(vector);
  expect(Buffer.from(meterMessage(reading)).toString('hex')).toBe(vector.message_hex);
  expect(Buffer.from(signReading(reading, key.privateKey)).toString('base64url')).toBe(vector.signature);
  expect(() => verifyReading(reading, publicKey)).not.toThrow();
});

test('a time counts in whole seconds', () => {
  const reading = readingOf(vectors[1]!);
  expect(() => verifyReading({ ...reading, at: new Date(reading.at.getTime() + 999) }, publicKey)).not.toThrow();
});

test.each(refused)('$what is refused', (vector) => {
  expect(codeOf(() => verifyReading(readingOf(vector), publicKey))).toBe('signature_invalid');
});

test('by another key it is refused', () => {
  expect(codeOf(() => verifyReading(readingOf(vectors[0]!), newEd25519(Buffer.alloc(32, 1)).publicKey))).toBe('signature_invalid');
});

function codeOf(work: () => void): string | undefined {
  try {
    work();
    return undefined;
  } catch (error) {
    return error instanceof LatchkeyError ? error.code : 'another error';
  }
}
