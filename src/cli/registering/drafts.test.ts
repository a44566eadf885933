import { randomBytes, randomInt, randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { isReject } from '../rejects-file.ts';
import { fileDrafts, madeDrafts, uuidsFrom, type Completion, type Draft } from './drafts.ts';
import { pack, unpack } from './packed-drafts.ts';

const seed = randomBytes(16).toString('base64url');

function completion(more: Partial<Completion> = {}): Completion {
  return {
    defaults: { ssid: 'setup', model: undefined, batch: undefined },
    allowWeak: false,
    makes: true,
    uuidAt: uuidsFrom(seed),
    random: { bytes: (length) => randomBytes(length) },
    ...more,
  };
}

async function ofFile(text: string, position = 0, more: Partial<Completion> = {}): Promise<Draft[]> {
  const bytes = Buffer.from(text);
  const source = async function* () {
    for (let from = 0; from < bytes.length;) {
      const to = from + randomInt(1, 200);
      yield bytes.subarray(from, to);
      from = to;
    }
  };
  const all: Draft[] = [];
  for await (const drafts of fileDrafts(source(), position, completion(more))) all.push(...drafts);
  return all;
}

const uuidOf = (draft: Draft) => (isReject(draft) ? undefined : draft.uuid);

test('the uuid that is made for a line is the same for the same seed, of version 4, and there once', () => {
  const [first, again, other] = [uuidsFrom(seed), uuidsFrom(seed), uuidsFrom(randomBytes(16).toString('base64url'))];
  const lines = Array.from({ length: 5_000 }, (_, index) => index + 1);
  const uuids = lines.map(first);
  expect(lines.map(again)).toEqual(uuids);
  expect(new Set([...uuids, ...lines.map(other)]).size).toBe(2 * lines.length);
  expect(uuids.every((uuid) => /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(uuid))).toBe(true);
});

test('what goes on behind a position is what would have come there', async () => {
  const made = [...madeDrafts(2_500, 0, completion())].flat().map(uuidOf);
  expect(made).toHaveLength(2_500);
  expect([...madeDrafts(2_500, 1_700, completion())].flat().map(uuidOf)).toEqual(made.slice(1_700));
  const file = `ssid,uuid\n${Array.from({ length: 300 }, (_, index) => (index % 3 === 0 ? `,${randomUUID()}\n` : 'net,\n')).join('')}`;
  const all = (await ofFile(file)).map(uuidOf);
  expect((await ofFile(file, 101)).map(uuidOf)).toEqual(all.slice(100));
});

test('a row is completed by what stands in for it, and refused where something has to be made that nobody would have', async () => {
  const file = 'uuid,pass_tmp,ssid,batch\n,,,\n9f1c7a52-6f0b-4f43-9d0e-1d2f8a0b1c2d,4t8n2k6c0w9r3x7m1q5v8b2h6j,net,7\n';
  expect(await ofFile(file, 0, { defaults: { ssid: 'setup', model: 'lamp', batch: '6' } })).toMatchObject([
    { line: 2, ssid: 'setup', model: 'lamp', batch: '6', made: true },
    { line: 3, ssid: 'net', model: 'lamp', batch: '7', made: false, passTmp: '4t8n2k6c0w9r3x7m1q5v8b2h6j' },
  ]);
  expect(await ofFile(file, 0, { makes: false })).toMatchObject([{ line: 2, code: 'missing_input' }, { line: 3, uuid: '9f1c7a52-6f0b-4f43-9d0e-1d2f8a0b1c2d' }]);
});

test('drafts come through a thread as they were, sealed or not, rejects in their places', async () => {
  const rows = Array.from({ length: 400 }, () =>
    [randomInt(4) === 0 ? 'nonsense' : randomUUID(), 'net', randomInt(3) === 0 ? 'Hall 1' : '', randomInt(9) === 0 ? '' : '02:00:00:00:00:01'].join());
  for (const texts of [rows, rows.slice(0, 1), rows.map((row) => row.replace(/^[^,]*/, '')), rows.map(() => 'nonsense,net,,'), []]) {
    const drafts = await ofFile(`uuid,ssid,label,mac\n${texts.map((row) => `${row}\n`).join('')}`);
    const through = (seal: Parameters<typeof pack>[1]) => unpack(structuredClone(pack(drafts, seal)));
    expect(through(undefined)).toEqual(drafts);
    const sealed = through(({ uuid, passTmp }) => Buffer.from(`${uuid} ${passTmp}`));
    expect(sealed.map((draft) => (isReject(draft) ? draft : `${Buffer.from(draft.sealed!)}`))).toEqual(
      drafts.map((draft) => (isReject(draft) ? draft : `${draft.uuid} ${draft.passTmp}`)));
  }
});
