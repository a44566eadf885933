import { spawn } from 'node:child_process';
import { randomInt, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync, watch, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { KeyringSealer } from '../../src/secrets/seal.ts';
import { openDatabase, openStore } from '../../src/storage/open-store.ts';
import { makeHome, program, run } from '../program.ts';

const kills = 50;
/** Three chunks, the last one not full. */
const rows = 36_000;

test(`\`device register\` of many killed ${kills} times and resumed: the output and the registry have the same devices`, { timeout: 300_000 }, async () => {
  const home = await makeHome();
  onTestFinished(() => home.remove());
  const url = `sqlite:${join(home.folder, 'registry.db')}`;
  const env = { ...home.env, LATCHKEY_DATABASE: url };
  const store = await openStore({ url, sealer: new KeyringSealer([home.key]) });
  onTestFinished(() => store.close());
  const database = await openDatabase({ url });
  onTestFinished(() => database.close());
  const registered = async () =>
    new Set((await database.read.selectFrom('known_devices').select('uuid').where('state', '=', 'registered').execute()).map(({ uuid }) => uuid));
  const passTmps = async (uuids: readonly string[]) => {
    const found = new Map<string, string>();
    for (let from = 0; from < uuids.length; from += 1000) {
      for (const { device, passTmp } of await store.devices.identities(uuids.slice(from, from + 1000))) found.set(device.uuid, passTmp);
    }
    return found;
  };

  const all = new Map<string, string>();
  let killed = 0;
  let usualMs = 0;
  for (let number = 0; killed < kills; number += 1) {
    const made = number % 2 === 1;
    const out = join(home.folder, made ? `${number}.csv` : `${number}.ndjson`);
    const rejects = join(home.folder, `${number}.rejects`);
    const given = made ? undefined : inputOf(join(home.folder, `${number}.in.csv`));
    const source = given === undefined ? ['--count', `${rows}`, '--ssid', 'setup'] : ['--from', given.path];
    const args = ['device', 'register', ...source, '--out', out, '--rejects', rejects, '--resume', '--json'];
    const whole = () => wholeLines(out);

    for (let ended = false; !ended; ) {
      const child = spawn(process.execPath, [program, ...args], { env, stdio: 'ignore' });
      const begun = performance.now();
      const gone = once(child, 'close') as Promise<[number | null, string | null]>;
      const stop = number === 0 || killed === kills ? () => {} : endAtSomeMoment(() => child.kill('SIGKILL'), home.folder, usualMs, killed);
      const [exit, signal] = await gone;
      stop();
      ended = signal === null;
      if (ended) {
        usualMs ||= performance.now() - begun;
        expect(exit).toBe(given === undefined ? 0 : 9);
      } else {
        killed += 1;
        if (killed % 5 === 0) {
          const written = new Set([...all.keys(), ...whole().keys()]);
          expect([...(await registered())].filter((uuid) => !written.has(uuid))).toEqual([]);
        }
      }
    }

    const written = whole();
    expect(written.size).toBe(given === undefined ? rows : rows - given.bad);
    expect(await passTmps([...written.keys()])).toEqual(written);
    if (given !== undefined) {
      expect([...given.passTmps].filter(([uuid, passTmp]) => written.get(uuid) !== passTmp)).toEqual([]);
      expect(readFileSync(rejects, 'utf8').trim().split('\n').map((line) => (JSON.parse(line) as { line: number }).line)).toEqual(given.badLines);
    }
    written.forEach((passTmp, uuid) => all.set(uuid, passTmp));
    const now = await registered();
    expect(now.size).toBe(all.size);
    // The same once more changes nothing.
    expect((await run(args, env)).exit).toBe(given === undefined ? 0 : 9);
    expect(whole().size).toBe(written.size);
  }
});

/** Half of the times whenever it happens to be, half just when one of the run's files was written. */
function endAtSomeMoment(kill: () => void, folder: string, usualMs: number, number: number): () => void {
  if (number % 2 === 0) {
    const timer = setTimeout(kill, randomInt(Math.ceil(usualMs)));
    return () => clearTimeout(timer);
  }
  let left = randomInt(12);
  const watching = watch(folder, (_, name) => {
    if (/\.(run|csv|ndjson|rejects)$/.test(name ?? '') && left-- === 0) kill();
  });
  return () => watching.close();
}

/** A file of identities, some with uuid and pass_tmp and some with neither, in which a few rows are bad. */
function inputOf(path: string): { path: string; bad: number; badLines: number[]; passTmps: Map<string, string> } {
  const passTmps = new Map<string, string>();
  const badLines: number[] = [];
  const lines = Array.from({ length: rows }, (_, index) => {
    if (index % 5_000 === 17) {
      badLines.push(index + 2);
      return 'nonsense,setup,';
    }
    if (index % 2 === 0) return ',setup,';
    const [uuid, passTmp] = [randomUUID(), randomUUID().replaceAll('-', '')];
    passTmps.set(uuid, passTmp);
    return `${uuid},setup,${passTmp}`;
  });
  writeFileSync(path, `uuid,ssid,pass_tmp\n${lines.join('\n')}\n`);
  return { path, bad: badLines.length, badLines, passTmps };
}

/** The identities in an output, uuid to pass_tmp; a torn last line is none. Fails if one is there twice. */
function wholeLines(out: string): Map<string, string> {
  const text = readIfThere(out);
  const lines = text.slice(0, text.lastIndexOf('\n') + 1).split('\n').slice(out.endsWith('.csv') ? 1 : 0, -1);
  const identities = lines.map((line): [string, string] => {
    if (out.endsWith('.csv')) {
      const [uuid, , passTmp] = line.split(',');
      return [uuid!, passTmp!];
    }
    const { uuid, pass_tmp: passTmp } = JSON.parse(line) as { uuid: string; pass_tmp: string };
    return [uuid, passTmp];
  });
  const found = new Map(identities);
  expect(found.size).toBe(identities.length);
  return found;
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
