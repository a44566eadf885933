import { expect, test } from 'vitest';
import { quoted, shown, shownJson } from './shown-text.ts';

test.each([
  ['Küche 密码 🔑 e\u0301', 'Küche 密码 🔑 e\u0301'],
  ['a\u001b[2J\r\nb\u007f\u009b31m', 'a\\x1b[2J\\x0d\\x0ab\\x7f\\x9b31m'],
  // Turned writing: isolates, overrides, marks.
  ['\u202edlo\u2066\u200f\u061c', '\\u202edlo\\u2066\\u200f\\u061c'],
  // Not seen: zero width, soft hyphen, tags, a half of a pair.
  ['a\u200b\u00ad\ufeff\u{e0041}\ud800', 'a\\u200b\\xad\\ufeff\\u{e0041}\\ud800'],
  ['one\u2028two\u2029', 'one\\u2028two\\u2029'],
  // Nor does it imitate an escape.
  ['C:\\x1b \\n', 'C:\\\\x1b \\n'],
])('%j is shown as %s', (text, expected) => {
  expect(shown(text)).toBe(expected);
});

test('JSON on a screen moves no cursor and turns no writing, and says the same', () => {
  const said = { 'k\u202e': 'a\u001b[2J\u007f\u009b31m\u2028\u200b\u{e0041}\udc80 Küche 🔑 \\x1b', list: ['\u2066'] };
  for (const indent of [undefined, 2]) {
    const text = shownJson(said, indent);
    expect(text.replaceAll('\n', '')).toMatch(/^[\x20-\x7eü🔑]+$/u);
    expect(JSON.parse(text)).toEqual(said);
  }
  expect(shownJson({ name: 'Küche' }, 2)).toBe('{\n  "name": "Küche"\n}');
});

test('a quotation cannot be left from inside, and is short', () => {
  expect(quoted('Hall". Match code: 1234. \\')).toBe('"Hall\\". Match code: 1234. \\\\"');
  expect(quoted('🔑'.repeat(64))).toBe(`"${'🔑'.repeat(64)}"`);
  expect(quoted('🔑'.repeat(65))).toBe(`"${'🔑'.repeat(64)}…"`);
});
