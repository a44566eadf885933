import { expect, test } from 'vitest';
import { playCodes, summaryOfCodes, wantedOfCodes } from './codes/play-codes.ts';
import { sqliteDisks } from './sqlite-disk.ts';

test('whoever cheats, and whatever is lost, off or crashes, credit payment codes are charged as the plain rules have it', async () => {
  const disks = await sqliteDisks();
  try {
    const played = await playCodes(disks, 6_000);
    console.log(summaryOfCodes(disks.name, played));
    expect(played.coverage.missing(wantedOfCodes)).toEqual([]);
  } finally {
    await disks.remove();
  }
}, 600_000);
