import { randomInt } from 'node:crypto';
import { expect, test } from 'vitest';
import { isBadLine, readRows, type ReadLine } from './rows.ts';

type Column = 'uuid' | 'ssid' | 'label';
const columns = ['uuid', 'ssid', 'label'] as const;

async function read(content: string | Buffer, more: object = {}): Promise<ReadLine<Column>[]> {
  const bytes = Buffer.from(content as string);
  const source = async function* () {
    for (let from = 0; from < bytes.length;) {
      const to = from + randomInt(1, 40);
      yield bytes.subarray(from, to);
      from = to;
    }
  };
  const all: ReadLine<Column>[] = [];
  for await (const lines of readRows(source(), { columns, ...more })) {
    all.push(...lines);
  }
  return all;
}

const problems = (lines: readonly ReadLine<Column>[]) => lines.filter(isBadLine).map(({ line, problem, torn }) => [line, problem, torn]);

test('reads CSV with a header in any order, with quotation marks, and Windows line ends', async () => {
  expect(await read('label,uuid,ssid\r\n"a, ""b""",u1,s\r\n,u2,"é"\r\n')).toEqual([
    { line: 2, values: { label: 'a, "b"', uuid: 'u1', ssid: 's' } },
    { line: 3, values: { uuid: 'u2', ssid: 'é' } },
  ]);
});

test('reads NDJSON, passing over blank lines and what is ignored', async () => {
  expect(await read('\uFEFF{"uuid":"u1","weak":false}\n\n{"ssid":"s","label":""}', { ignored: ['weak'] })).toEqual([
    { line: 1, values: { uuid: 'u1' } },
    { line: 3, values: { ssid: 's' } },
  ]);
});

test('tells what is wrong line by line, never what it says', async () => {
  const csv = Buffer.concat([Buffer.from('uuid,ssid\nsecret,s,t\n"secret,s\nsecret,'), Buffer.from([0xff]), Buffer.from('\nu4,s\nsecr')]);
  const lines = await read(csv);
  expect(problems(lines)).toEqual([
    [2, 'has 3 columns, not 2', false],
    [3, 'is not CSV: a quotation mark is missing or in the wrong place', false],
    [4, 'is not UTF-8, or is too long', false],
    [6, 'has no end: it may be torn', true],
  ]);
  expect(lines.filter((line) => !isBadLine(line))).toEqual([{ line: 5, values: { uuid: 'u4', ssid: 's' } }]);
  expect(problems(await read('{"uuid":"u1"}\n[]\n{"uuid":7}\n{"x":"secret"}\n{"uuid":"u5"\n{"ssid":"s"}\n{"uuid":"u7"', { required: ['uuid'] }))).toEqual([
    [2, 'is not a JSON object', false],
    [3, 'has a uuid that is not a string', false],
    [4, 'has a member "x", which is none of uuid, ssid, label', false],
    [5, 'is not a JSON object', false],
    [6, 'has no uuid', false],
    [7, 'has no end: it may be torn', true],
  ]);
});

test('a line of any length costs no more than a line may have', async () => {
  for (const length of [70_000, 200_000]) {
    expect(problems(await read(`uuid,ssid\n${'x'.repeat(length)}\nu3,s\n`))).toEqual([[2, 'is not UTF-8, or is too long', false]]);
  }
});

test('refuses a header that is not one', async () => {
  await expect(read('uuid,passtmp\n')).rejects.toThrow('a column "passtmp", which is none of uuid, ssid, label');
  await expect(read('uuid,uuid\n')).rejects.toThrow('names the column "uuid" twice');
  await expect(read('ssid\n', { required: ['uuid'] })).rejects.toThrow('has no column uuid');
  await expect(read('"uuid\n')).rejects.toThrow('not CSV');
  await expect(read('9f1c7a52-6f0b-4f43-9d0e-1d2f8a0b1c2d;iot-setup;SECRET\n')).rejects.toThrow('has a column 1, which is none');
  await expect(read('SECRETSECRETSECRETSECRET01,uuid\n')).rejects.toThrow('has a column 1, which is none');
});

test('passes over the lines that were read before, with their header in force', async () => {
  expect(await read('ssid\ns2\ns3\ns4\n', { skipLines: 3 })).toEqual([{ line: 4, values: { ssid: 's4' } }]);
  expect(await read('{"ssid":"s1"}\n{"ssid":"s2"}\n', { skipLines: 1 })).toEqual([{ line: 2, values: { ssid: 's2' } }]);
});
