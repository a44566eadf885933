/** One part of `npm run soak`, in a process of its own: `soak-part.ts sqlite|postgres STEPS [codes|sharing]`. Prints what it played as JSON. */
import { startPostgres } from '../postgres.ts';
import { playCodes } from './codes/play-codes.ts';
import { play } from './play.ts';
import { postgresDisks } from './postgres-disk.ts';
import { playShares } from './sharing/play-share.ts';
import { sqliteDisks } from './sqlite-disk.ts';

const [kind, steps, of] = process.argv.slice(2);
const server = kind === 'postgres' ? await startPostgres() : undefined;
const disks = await (server === undefined ? sqliteDisks() : postgresDisks(server));
try {
  if (of === 'codes' || of === 'sharing') {
    const { coverage, ...played } = await (of === 'codes' ? playCodes : playShares)(disks, Number(steps));
    console.log(JSON.stringify({ ...played, server: coverage.server.counts, counts: [...coverage.counts] }));
  } else {
    const { coverages: { server: ofServer, terminal, register, answers }, ...played } = await play(disks, Number(steps), true);
    console.log(JSON.stringify({ ...played, server: ofServer.counts, terminal: terminal.counts, register: register.counts, answers: [...answers] }));
  }
} finally {
  await disks.remove();
  await server?.stop();
}
