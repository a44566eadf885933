import { expect, test } from 'vitest';
import { summary } from './explore.ts';
import { play } from './play.ts';
import { sqliteDisks } from './sqlite-disk.ts';

test('whatever is lost, doubled, delayed or crashes, payments and sales are as the plain ledger and the plain shop have them', async () => {
  const disks = await sqliteDisks();
  try {
    const played = await play(disks, 20_000);
    console.log(summary(disks.name, played));
    expect(played.coverages.server.missing).toEqual([]);
    expect(played.coverages.terminal.missing).toEqual([]);
    expect(played.coverages.register.missing).toEqual([]);
  } finally {
    await disks.remove();
  }
}, 600_000);
