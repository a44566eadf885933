import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { AuditJournal } from './audit-journal.ts';
import type { NewAuditEntry, Store } from './store.ts';

const at = new Date(0);

function question(actor: string, uuid: string, status = 'known'): NewAuditEntry {
  return { at, actor, action: 'device.asked', apId: 'ap_1', uuid, detail: { status } };
}

/** What is appended when these have been recorded. */
async function written(...entries: NewAuditEntry[]): Promise<NewAuditEntry[]> {
  const appended: NewAuditEntry[] = [];
  const append = async (...group: NewAuditEntry[]) => void appended.push(...group);
  const journal = new AuditJournal({ audit: { append } } as unknown as Store, (error) => {
    throw error;
  });
  entries.forEach((entry) => journal.record(entry));
  await journal.flush();
  return appended;
}

const [a, b] = [randomUUID(), randomUUID()];

test('what an access point asked about several devices is one entry, what it asked about one stays as it is', async () => {
  const alone = question('ap:Hall', a);
  expect(await written(alone)).toEqual([alone]);
  expect(await written(alone, question('ap:Yard', b), question('ap:Hall', b, 'spent'))).toEqual([
    {
      at, actor: 'ap:Hall', action: 'device.asked', apId: 'ap_1',
      asked: [{ uuid: a, at, status: 'known' }, { uuid: b, at, status: 'spent' }],
    },
    question('ap:Yard', b),
  ]);
});

test('a device that is asked about again is in the next entry', async () => {
  const entries = await written(question('ap:Hall', a), question('ap:Hall', b), question('ap:Hall', a, 'revoked'));
  expect(entries).toMatchObject([{ asked: [{ uuid: a, status: 'known' }, { uuid: b }] }, { uuid: a, detail: { status: 'revoked' } }]);
});

test('nothing changes its place with what was recorded between', async () => {
  const refused: NewAuditEntry = { at, actor: 'ap:Hall', action: 'device.refused', uuid: a };
  expect(await written(question('ap:Hall', a), refused, question('ap:Hall', b))).toEqual([
    question('ap:Hall', a), refused, question('ap:Hall', b),
  ]);
});

test('an entry stands for 250 devices at most, and none is left out', async () => {
  const uuids = Array.from({ length: 600 }, () => randomUUID());
  const entries = await written(...uuids.map((uuid) => question('ap:Hall', uuid)));
  expect(entries.map(({ asked }) => asked?.length)).toEqual([250, 250, 100]);
  expect(entries.flatMap(({ asked }) => asked!.map(({ uuid }) => uuid))).toEqual(uuids);
});
