import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ownLanguage, readMessage } from './message-input.ts';

const { signal } = new AbortController();
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'latchkey-message-'));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

function file(name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

test('texts in several languages have one link', async () => {
  const from = new Date(0);
  const message = await readMessage({ text: 'Hello', lang: 'en', also: [`de=${file('de.txt', 'Hallo\r\nWelt\n')}`], link: 'https://cafe.example', from }, signal);
  expect(message).toEqual({
    texts: [{ language: 'en', text: 'Hello', link: 'https://cafe.example' }, { language: 'de', text: 'Hallo\nWelt', link: 'https://cafe.example' }],
    validFrom: from,
    validTo: undefined,
  });
});

test('the language is that of the environment, its most special variable first', () => {
  expect(ownLanguage({ LANG: 'fr_FR.UTF-8', LC_MESSAGES: 'de_AT.UTF-8' })).toBe('de-AT');
  expect(ownLanguage({ LANG: 'fr_FR.UTF-8', LC_ALL: 'C', LC_MESSAGES: 'de' })).toBeUndefined();
  expect(ownLanguage({})).toBeUndefined();
});

test.each([
  [{}, 'missing_input', '--text is missing.'],
  [{ text: 'a', also: ['de'] }, 'invalid_input', '--also: "de" is not a language and a file, as in de=hello.de.txt.'],
  [{ text: 'a', also: ['deutsch=x'] }, 'invalid_input', '"deutsch" is no language such as de or pt-BR.'],
  [{ text: 'a', also: ['de=/none'] }, 'file_not_found', '--also: there is no file /none.'],
])('%j is an error', async (flags, code, message) => {
  await expect(readMessage(flags, signal)).rejects.toMatchObject({ code, message });
});

test('what is no text, too long, or twice in one language is an error', async () => {
  await expect(readMessage({ 'text-file': file('a', Uint8Array.of(0xff)) }, signal)).rejects.toMatchObject({ message: '--text-file: this is not UTF-8.' });
  await expect(readMessage({ 'text-file': file('b', 'x'.repeat(9000)) }, signal)).rejects.toMatchObject({ message: '--text-file: this is too long for a message.' });
  await expect(readMessage({ text: 'a', lang: 'de', also: [`DE=${file('c', 'x')}`] }, signal)).rejects.toMatchObject({ message: 'There are two texts in de.' });
});
