import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { StandInEsptool } from '../../flasher/stand-in-esptool.ts';
import { makeHome } from '../../program.ts';
import { benchDevice } from '../bench-device.ts';
import { cachedIdentityFile } from '../registering/identity-file.ts';
import type { Section } from '../report.ts';
import { median } from '../statistics.ts';
import { runLatchkey } from '../whole-process.ts';

export interface FlashingSizes {
  readonly stations: number;
  readonly boards: number;
  readonly rounds: number;
}

const run = promisify(execFile);
/** About as long as a board takes to be connected to, for each run of the tool. */
const stepMs = 500;
const offset = 0x9000;
const imageBytes = 0x3000;

/** Stations that flash board after board, against the same runs of the same tool by themselves. */
export async function measureFlashing({ stations, boards, rounds }: FlashingSizes, cache: string): Promise<Section> {
  await using closing = new AsyncDisposableStack();
  const home = await makeHome();
  closing.defer(() => home.remove());
  const { folder } = home;
  const env = { ...home.env, LATCHKEY_DATABASE: `sqlite:${join(folder, 'registry.db')}` };
  const esptool = new StandInEsptool(join(folder, 'bench'), { stepMs });
  const ports = Array.from({ length: stations }, (_, index) => esptool.port(`ttyUSB${index}`));
  const stationsFile = join(folder, 'stations.json');
  writeFileSync(stationsFile, JSON.stringify(ports.map((port, index) => ({ port, station: `bench-${index + 1}` }))));
  const each = stations * boards;
  await runLatchkey(['device', 'register', '--from', cachedIdentityFile(cache, rounds * each).path, '--quiet'], { env });

  const image = join(folder, 'image.bin');
  writeFileSync(image, Buffer.alloc(imageBytes, 0xa5));
  const bare = async () => {
    const begun = performance.now();
    await Promise.all(ports.map(async (port) => {
      for (let board = 0; board < boards; board += 1) {
        await run(esptool.path, ['--port', port, '--after', 'no-reset', 'write-flash', `${offset}`, image]);
        await run(esptool.path, ['--port', port, '--after', 'hard-reset', 'read-flash', `${offset}`, `${imageBytes}`, `${port}.read`]);
      }
    }));
    return performance.now() - begun;
  };

  const found: { ours: number; bare: number; peakMiB: number }[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const list = join(folder, `${round}.csv`);
    writeFileSync(list, `uuid\n${Array.from({ length: each }, (_, index) => `${benchDevice(round * each + index).uuid}\n`).join('')}`);
    const bareMs = await bare();
    const { ms, peakMiB, stdout } = await runLatchkey(
      ['device', 'flash', '--stations', stationsFile, '--from', list, '--offset', `${offset}`, '--tool', esptool.path, '--quiet', '--json'], { env });
    if (!stdout.includes('"result":"ok"')) throw new Error(`nothing was flashed: ${stdout}`);
    found.push({ ours: ms / boards, bare: bareMs / boards, peakMiB });
    console.error(`flashing, round ${round + 1}: ${(ms / boards).toFixed(0)} ms a board, bare ${(bareMs / boards).toFixed(0)} ms`);
  }
  const of = (pick: (result: (typeof found)[number]) => number) => median(found.map(pick));
  const peak = Math.max(...found.map(({ peakMiB }) => peakMiB)) * 1.048576;
  return {
    title: 'Flashing',
    rows: [{
      figure: `${stations} stations at once: a board, written, read back, compared and recorded`,
      ours: `${of(({ ours }) => ours).toFixed(0)} ms, ${peak.toFixed(0)} MB`,
      baseline: `${of(({ bare: own }) => own).toFixed(0)} ms (the tool’s two runs)`,
      ratio: of(({ ours, bare: own }) => ours / own),
    }, {
      figure: 'what it takes over the tool’s own time',
      ours: `${of(({ ours, bare: own }) => ours - own).toFixed(0)} ms`,
      baseline: '',
    }],
    conditions: [
      `${boards} boards at each station, one after the other, with a tool that takes ${stepMs} ms a run beside its own start; ${rounds} alternated rounds, medians; the stations share the cores. Ours includes its start, and a first run of the tool that asks for its version.`,
    ],
  };
}
