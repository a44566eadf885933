import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { requires } from '../../test/requirements.ts';
import { valuesAsEnv, valuesAsHeader, valuesAsJson } from './device-values.ts';
import type { NvsEntry } from './nvs/layout.ts';

/** Whatever shells, C and JSON could take for something else. */
const nasty = `Küche ??/ ??= "q" 'q' \\n $(id) \`id\` %s \u{1f4a1}1 #!`;
const entries: NvsEntry[] = [
  { namespace: 'latchkey', key: 'ssid', type: 'string', value: nasty },
  { namespace: 'latchkey', key: 'pass_tmp', type: 'string', value: "a'b" },
  { namespace: 'app.1', key: 'level', type: 'i16', value: -5n },
  { namespace: 'app.1', key: 'least', type: 'i64', value: -(2n ** 63n) },
  { namespace: 'app.1', key: 'most', type: 'u64', value: 2n ** 64n - 1n },
  { namespace: 'app.1', key: 'least32', type: 'i32', value: -(2n ** 31n) },
  { namespace: 'app.1', key: 'key', type: 'blob', value: Uint8Array.of(0, 255, 16) },
];

test('JSON has the identity’s values as members and others by namespace', () => {
  expect(JSON.parse(valuesAsJson(entries, 'latchkey'))).toEqual({
    ssid: nasty,
    pass_tmp: "a'b",
    'app.1': { level: -5, least: '-9223372036854775808', most: '18446744073709551615', least32: -2147483648, key: '00ff10' },
  });
  expect(() => valuesAsJson([...entries, { namespace: 'ssid', key: 'x', type: 'u8', value: 1n }], 'latchkey')).toThrow('ssid is both a key of latchkey and a namespace');
});

test('names that become the same are told', () => {
  const clash: NvsEntry[] = [...entries, { namespace: 'app_1', key: 'level', type: 'u8', value: 1n }];
  expect(() => valuesAsEnv(clash)).toThrow('app_1/level would be called APP_1_LEVEL like another value.');
  expect(() => valuesAsHeader(clash)).toThrow('APP_1_LEVEL');
});

test('a shell reads the variables as they are', () => {
  const script = `${valuesAsEnv(entries)}printf '%s\\n' "$LATCHKEY_SSID" "$LATCHKEY_PASS_TMP" "$APP_1_LEVEL" "$APP_1_MOST" "$APP_1_KEY"\n`;
  const lines = execFileSync('sh', ['-eu'], { input: script, encoding: 'utf8' }).trimEnd().split('\n');
  expect(lines).toEqual([nasty, "a'b", '-5', '18446744073709551615', '00ff10']);
});

requires('gcc', 'libc6-dev')('a C compiler', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'latchkey-header-'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  test.each(['-std=c99', '-std=c17'])('reads the header as it is: %s', (standard) => {
    writeFileSync(join(folder, 'device.h'), valuesAsHeader(entries));
    writeFileSync(
      join(folder, 'main.c'),
      `#include <stdio.h>
#include <stdint.h>
#include "device.h"
static const int64_t least = APP_1_LEAST;
static const uint64_t most = APP_1_MOST;
static const int32_t least32 = APP_1_LEAST32;
static const uint8_t key[APP_1_KEY_SIZE] = APP_1_KEY;
int main(void) {
  printf("%s\\n%s\\n%d %lld %llu %d\\n", LATCHKEY_SSID, LATCHKEY_PASS_TMP, APP_1_LEVEL, (long long)least, (unsigned long long)most, (int)least32);
  for (unsigned at = 0; at < sizeof key; at += 1) printf("%02x", key[at]);
  return 0;
}
`,
    );
    execFileSync('gcc', [standard, '-trigraphs', '-Wall', '-Wextra', '-Werror', '-pedantic-errors', 'main.c', '-o', 'main'], { cwd: folder });
    expect(execFileSync(join(folder, 'main'), { encoding: 'utf8' })).toBe(`${nasty}\na'b\n-5 -9223372036854775808 18446744073709551615 -2147483648\n00ff10`);
  });
});
