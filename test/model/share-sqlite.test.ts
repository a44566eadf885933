import { expect, test } from 'vitest';
import { playShares, summaryOfShares, wantedOfFewShares } from './sharing/play-share.ts';
import { sqliteDisks } from './sqlite-disk.ts';

test('whoever lies or goes silent, and whatever is lost, late or crashes, access to shared networks is sold as the plain rules have it', async () => {
  const disks = await sqliteDisks();
  try {
    const played = await playShares(disks, 2_000);
    console.log(summaryOfShares(disks.name, played));
    expect(played.coverage.missing(wantedOfFewShares)).toEqual([]);
  } finally {
    await disks.remove();
  }
}, 600_000);
