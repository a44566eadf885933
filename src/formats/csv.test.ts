import { expect, test } from 'vitest';
import { csvRecord } from './csv.ts';
import { readRows } from './rows.ts';

test('cells are quoted where they must be', () => {
  expect(csvRecord(['a', undefined, 7, 'x,y', 'say "hi"', ''])).toBe('a,,7,"x,y","say ""hi""",\r\n');
});

test.each(['=1+1', '+1', '-1', '@SUM(A1)', '=HYPERLINK("http://a.example","x")'])('%s is text to a spreadsheet', (text) => {
  expect(csvRecord([text]).replaceAll('""', '"')).toMatch(/^"?'/);
});

test('what is written can be read', async () => {
  const values = ['lamp, "left"', 'Büro'];
  const file = async function* () {
    yield Buffer.from(csvRecord(['label', 'model']) + csvRecord(values));
  };
  const read = [];
  for await (const rows of readRows(file(), { columns: ['label', 'model'] })) read.push(...rows);
  expect(read).toEqual([{ line: 2, values: { label: values[0], model: values[1] } }]);
});
