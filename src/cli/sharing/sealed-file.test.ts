import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { SealedFile } from './sealed-file.ts';

const first = { grantId: 'grt_1', thumbprint: 'A'.repeat(43) };
const second = { grantId: 'grt_2', thumbprint: `${'B'.repeat(42)}A` };

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'latchkey-sealed-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

test('what was kept is there for the next run, the first of each request, and for its user alone', () => {
  const file = new SealedFile('net_1', folder);
  file.keep('shr_1', first);
  file.keep('shr_1', second);
  file.keep('shr_2', second);
  const again = new SealedFile('net_1', folder);
  expect([file, again].map((one) => [one.find('shr_1'), one.find('shr_2'), one.find('shr_3')])).toEqual([[first, second, undefined], [first, second, undefined]]);
  expect(statSync(join(folder, 'net_1.sealed.json')).mode & 0o777).toBe(0o600);
});

test.each(['{', '[]', '{"shr_1": {"grant_id": "grt_1"}}'])('%j is no file to go on with as if nothing was sealed', (text) => {
  writeFileSync(join(folder, 'net_1.sealed.json'), text);
  expect(() => new SealedFile('net_1', folder)).toThrow(expect.objectContaining({ code: 'invalid_input' }));
});
