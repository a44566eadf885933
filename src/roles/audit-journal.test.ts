import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { LatchkeyError } from '../domain/errors.ts';
import { AuditJournal } from './audit-journal.ts';
import type { NewAuditEntry, Store } from './store.ts';

const at = new Date(0);
const hall = { actor: 'ap:Hall', apId: 'ap_1' };
const yard = { actor: 'ap:Yard', apId: 'ap_2' };
const [a, b] = [randomUUID(), randomUUID()];

function device(uuid: string, status = 'known') {
  return { uuid, at, status };
}

/** What is appended of what `work` records. */
async function written(work: (journal: AuditJournal) => void): Promise<NewAuditEntry[]> {
  const appended: NewAuditEntry[] = [];
  const append = async (...group: NewAuditEntry[]) => void appended.push(...group);
  const journal = new AuditJournal({ audit: { append } } as unknown as Store, (error) => {
    throw error;
  });
  work(journal);
  await journal.flush();
  return appended;
}

test('what an access point asked about several devices is one entry, what it asked about one is about that one', async () => {
  const entries = await written((journal) => {
    journal.asked(hall, device(a));
    journal.asked(yard, device(b));
    journal.asked(hall, device(b, 'spent'));
  });
  expect(entries).toEqual([
    { at, ...hall, action: 'device.asked', asked: [device(a), device(b, 'spent')] },
    { at, ...yard, action: 'device.asked', uuid: b, detail: { status: 'known' } },
  ]);
});

test('another token of the access point, or the same device again, begins another entry', async () => {
  const other = { ...hall, actor: 'ap:Hall 2' };
  const entries = await written((journal) => {
    journal.asked(hall, device(a));
    journal.asked(other, device(b));
    journal.asked(other, device(b, 'revoked'));
  });
  expect(entries).toMatchObject([
    { actor: hall.actor, uuid: a },
    { actor: other.actor, uuid: b, detail: { status: 'known' } },
    { actor: other.actor, uuid: b, detail: { status: 'revoked' } },
  ]);
});

test('nothing changes its place with what was recorded between', async () => {
  const refused: NewAuditEntry = { at, actor: 'ap:Hall', action: 'device.refused', uuid: a };
  const entries = await written((journal) => {
    journal.asked(hall, device(a));
    journal.record(refused);
    journal.asked(hall, device(b));
  });
  expect(entries).toMatchObject([{ action: 'device.asked', uuid: a }, refused, { action: 'device.asked', uuid: b }]);
});

test('an entry stands for 250 devices at most, and none is left out', async () => {
  const uuids = Array.from({ length: 600 }, () => randomUUID());
  const entries = await written((journal) => uuids.forEach((uuid) => journal.asked(hall, device(uuid))));
  expect(entries.map(({ asked }) => asked?.length)).toEqual([250, 250, 100]);
  expect(entries.flatMap(({ asked }) => asked!.map(({ uuid }) => uuid))).toEqual(uuids);
});

test('what a full or locked database does not take is written with what comes next; other failures are reported, and over', async () => {
  const failures = [new LatchkeyError('storage_full'), new Error('a bug')];
  const reported: unknown[] = [];
  const appended: NewAuditEntry[] = [];
  const append = async (...group: NewAuditEntry[]) => {
    const failure = failures.shift();
    if (failure !== undefined) throw failure;
    appended.push(...group);
  };
  const journal = new AuditJournal({ audit: { append } } as unknown as Store, (error) => reported.push(error));
  const entry = (detail: string): NewAuditEntry => ({ at, actor: 'ap:Hall', action: 'device.refused', detail: { detail } });
  const expected = [...failures];
  journal.record(entry('at a full disk'));
  await journal.flush();
  journal.record(entry('at a bug'));
  await journal.flush();
  await journal.flush();
  expect(appended).toEqual([]);
  failures.push(new LatchkeyError('storage_locked'));
  journal.record(entry('while it is locked'));
  await journal.flush();
  journal.record(entry('after that'));
  await journal.flush();
  expect(appended).toEqual([entry('while it is locked'), entry('after that')]);
  expect(reported).toEqual([...expected, new LatchkeyError('storage_locked')]);
});
