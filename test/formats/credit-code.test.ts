import { Buffer } from 'node:buffer';
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { writePng } from '../../src/formats/png.ts';
import { qrBitmap } from '../../src/formats/qr-picture.ts';
import { qrCode } from '../../src/formats/qr.ts';
import { longestCodeText } from '../../src/protocol/credit-code.ts';
import { requires } from '../requirements.ts';

const run = promisify(execFile);
const { vectors } = JSON.parse(await readFile(new URL('../vectors/credit-code.json', import.meta.url), 'utf8')) as { readonly vectors: readonly { readonly what: string; readonly text: string }[] };
const text = (what: string) => vectors.find((vector) => vector.what.startsWith(what))!.text;
const typical = text('a typical code');
const largest = text('as much as can be said');
/** ISO/IEC 18004, 7.3.1: version 1 has 21 modules, each further one 4 more. */
const version = (content: string) => (qrCode(content, 'M').size - 17) / 4;

describe('as QR code of level M', () => {
  test('a typical code is of version 14', () => {
    expect(typical).toHaveLength(519);
    expect(version(typical)).toBe(14);
  });

  test('the largest is of version 32', () => {
    expect(largest).toHaveLength(2227);
    expect(version(largest)).toBe(32);
  });

  test('one for sixteen payees is of version 19', () => {
    expect(version(text('sixteen payees'))).toBe(19);
  });

  test('they are alphanumeric: as bytes they would be larger', () => {
    expect(typical).toMatch(/^[0-9A-Z $%*+./:-]+$/);
    expect(version(typical.toLowerCase())).toBeGreaterThan(16);
    expect(version(largest.toLowerCase())).toBeGreaterThan(38);
  });

  test('a text of the greatest length fits a QR code, and one character more none', () => {
    expect(qrCode('0A'.repeat(longestCodeText / 2), 'L').size).toBe(177);
    expect(() => qrCode('0A'.repeat(longestCodeText / 2) + 'A', 'L')).toThrow('too many');
  });
});

requires('zbar-tools')('a reader that is not ours', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'latchkey-code-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  test.each(vectors)('reads it: $what', async ({ text: content }) => {
    const file = join(folder, 'code.png');
    await writeFile(file, writePng(qrBitmap(qrCode(content, 'M'), 4), 300));
    const { stdout } = await run('zbarimg', ['--nodbus', '-q', '-Sdisable', '-Sqrcode.enable', '--raw', '-Sbinary', file], { encoding: 'buffer' });
    expect(Buffer.from(stdout).toString()).toBe(content);
  });

  test('reads one that ends in a space', async () => {
    const file = join(folder, 'space.png');
    await writeFile(file, writePng(qrBitmap(qrCode('LK1:BB ', 'M'), 4), 300));
    const { stdout } = await run('zbarimg', ['--nodbus', '-q', '-Sdisable', '-Sqrcode.enable', '--raw', '-Sbinary', file], { encoding: 'buffer' });
    expect(Buffer.from(stdout).toString()).toBe('LK1:BB ');
  });
});
