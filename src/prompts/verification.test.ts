import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { LatchkeyError } from '../domain/errors.ts';
import { execVerificationSender, fileVerificationSender } from './verification.ts';

const message = { contact: 'anna@example.org', accountName: 'Anna', code: '042137', expiresAt: new Date('2026-11-30T12:00:00.000Z') };
const wire = { contact: 'anna@example.org', account_name: 'Anna', verification_code: '042137', expires_at: '2026-11-30T12:00:00.000Z' };

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'latchkey-verification-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function program(name: string, body: string): string {
  const path = join(folder, name);
  writeFileSync(path, `#!/bin/sh\n${body}\n`, { mode: 0o700 });
  return path;
}

async function codeOf(work: Promise<unknown>): Promise<string | undefined> {
  try {
    await work;
    return undefined;
  } catch (error) {
    return error instanceof LatchkeyError ? error.code : String(error);
  }
}

test('a program gets the message as JSON on its standard input, and nothing of it in its arguments', async () => {
  const [said, named] = [join(folder, 'said'), join(folder, 'named')];
  await execVerificationSender(`${program('send', `cat > ${said}; echo "$@" > ${named}`)} --to customers`).send(message);
  expect(JSON.parse(readFileSync(said, 'utf8'))).toEqual(wire);
  expect(readFileSync(named, 'utf8')).toBe('--to customers\n');
});

test('a program that fails, or is not there, has sent nothing', async () => {
  const failing = execVerificationSender(program('fail', 'exit 3'));
  expect(await codeOf(failing.send(message))).toBe('verification_unavailable');
  await expect(failing.send(message)).rejects.not.toThrow(/042137/);
  expect(await codeOf(execVerificationSender(join(folder, 'nowhere')).send(message))).toBe('verification_unavailable');
});

test('a file gets a line for each, and is its owner’s alone', async () => {
  const path = join(folder, 'codes.ndjson');
  const sender = fileVerificationSender(path);
  await sender.send(message);
  await sender.send({ ...message, contact: undefined });
  expect(readFileSync(path, 'utf8').trimEnd().split('\n').map((line) => JSON.parse(line) as unknown)).toEqual([wire, { ...wire, contact: null }]);
  expect(statSync(path).mode & 0o077).toBe(0);
  expect(await codeOf(fileVerificationSender(join(folder, 'none', 'codes')).send(message))).toBe('verification_unavailable');
});
