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

test('turns rows into blocks where words would have to be cut', () => {
  const devices = [{ uuid: '9f1c7a52-6f0b-4f43-9d0e-1d2f8a0b1c2d', label: 'lamp' }];
  const both = [
    { title: 'UUID', cell: (row: (typeof devices)[number]) => row.uuid },
    { title: 'LABEL', cell: (row: (typeof devices)[number]) => row.label },
  ];
  expect(table(devices, both, { ...wide, width: 43 }).split('\n')).toHaveLength(2);
  expect(table(devices, both, { ...wide, width: 42 })).toBe(
    'UUID:   9f1c7a52-6f0b-4f43-9d0e-1d2f8a0b1c2d\nLABEL:  lamp',
  );
});

test('aligns numbers to the right', () => {
  const sums = ['12.50 EUR', '-7.00 EUR', ''];
  const text = table(sums, [{ title: 'SUM', right: true, cell: (sum) => sum }, { title: 'N', cell: (sum) => String(sums.indexOf(sum)) }], wide);
  expect(text).toBe(['      SUM  N', '12.50 EUR  0', '-7.00 EUR  1', '           2'].join('\n'));
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

test('takes more rows than a call has arguments', () => {
  const many = Array.from({ length: 200_000 }, (_, at) => ({ name: `n${at}`, note: 'two words' }));
  expect(table(many, wanted, { ...wide, width: 80 }).split('\n')).toHaveLength(200_001);
});
