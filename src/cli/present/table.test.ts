import { expect, test } from 'vitest';
import { plainStyle, type Screen } from './screen.ts';
import { details, table } from './table.ts';
import { columns } from './text.ts';

const wide: Screen = { width: Infinity, style: plainStyle };
const rows = [
  { name: 'lamp', note: 'a short note' },
  { name: 'sensor', note: 'a much longer note about where it hangs and why it does' },
];
const wanted = [
  { title: 'NAME', cell: (row: (typeof rows)[number]) => row.name },
  { title: 'NOTE', cell: (row: (typeof rows)[number]) => row.note },
  { title: 'LABEL', cell: () => undefined },
];

test('one line a row where there is room, and no column for what nobody has', () => {
  expect(table(rows, wanted, wide)).toBe(
    ['NAME    NOTE', 'lamp    a short note', 'sensor  a much longer note about where it hangs and why it does'].join('\n'),
  );
});

test('wraps long cells to the width, and drops nothing', () => {
  const text = table(rows, wanted, { ...wide, width: 30 });
  expect(text.split('\n').every((line) => columns(line) <= 30)).toBe(true);
  expect(text.replaceAll(/\s+/g, ' ')).toContain('a much longer note');
  expect(text.match(/hangs|why|does/g)).toHaveLength(3);
});

test('turns rows into blocks where columns would be slivers', () => {
  const text = table(rows, wanted, { ...wide, width: 16 });
  expect(text.startsWith('NAME:  lamp\nNOTE:  a short')).toBe(true);
  expect(text).toContain('\n\nNAME:  sensor\n');
});

test('shows control characters of devices as escapes', () => {
  const text = table([{ label: '\u001b[31mred\r\n\u202eevil' }], [{ title: 'LABEL', cell: (row) => row.label }], wide);
  expect(text).toBe('LABEL\n\\x1b[31mred\\x0d\\x0a\\u202eevil');
});

test('aligns details, and leaves out what is not there', () => {
  expect(details([['SSID', 'iot'], ['Model', undefined], ['Password', 's3cret']], wide)).toBe('SSID:      iot\nPassword:  s3cret');
});

test('counts wide characters as two columns', () => {
  expect(columns('灯')).toBe(2);
  expect(columns('e\u0301')).toBe(1);
  expect(columns('💡 ok')).toBe(5);
});
