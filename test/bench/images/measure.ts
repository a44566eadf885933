import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeHome } from '../../program.ts';
import { benchDevice } from '../bench-device.ts';
import { serverCore } from '../cores.ts';
import { cachedIdentityFile } from '../registering/identity-file.ts';
import type { Row, Section } from '../report.ts';
import { median } from '../statistics.ts';
import { runLatchkey, runWhole, type WholeRun } from '../whole-process.ts';

export interface ImageSizes {
  readonly devices: number;
  readonly labels: number;
  readonly rounds: number;
}

const leastPerSecond = 5000;
const bareWriter = new URL('bare-writer.ts', import.meta.url).pathname;

/** Files for devices: images, labels, and the report on their batch. */
export async function measureImages({ devices, labels, rounds }: ImageSizes, cache: string): Promise<Section> {
  await using closing = new AsyncDisposableStack();
  const folder = mkdtempSync(join(cache, 'run-'));
  closing.defer(() => rmSync(folder, { recursive: true }));
  const home = await makeHome();
  closing.defer(() => home.remove());
  const env = { ...home.env, LATCHKEY_DATABASE: `sqlite:${join(folder, 'registry.db')}` };
  const latchkey = (...args: string[]) => runLatchkey([...args, '--quiet'], { env, core: serverCore });

  const { path } = cachedIdentityFile(cache, devices);
  await latchkey('device', 'register', '--from', path, '--batch', 'bench');
  const uuids = (count: number) => {
    const file = join(folder, `${count}.csv`);
    writeFileSync(file, `uuid\n${Array.from({ length: count }, (_, number) => `${benchDevice(number).uuid}\n`).join('')}`);
    return file;
  };

  let imageBytes = 0;
  let outputs = 0;
  const written = (work: (out: string) => Promise<WholeRun>) => {
    // What was written before is not waited for in here; and nothing is removed before the end, for disks take long for it.
    execFileSync('sync');
    return work(join(folder, `out-${(outputs += 1)}`));
  };
  const image = (from: string) => written(async (out) => {
    const run = await latchkey('device', 'image', '--from', from, '--out-dir', out);
    const [first] = readdirSync(out);
    imageBytes = statSync(join(out, first!)).size;
    return run;
  });
  const runs = { whole: [] as WholeRun[], looked: [] as WholeRun[], bare: [] as WholeRun[] };
  for (let round = 0; round < rounds; round += 1) {
    runs.whole.push(await image(path));
    runs.bare.push(await written((out) => runWhole(['taskset', '-c', String(serverCore), process.execPath, bareWriter, out, String(devices), String(imageBytes)])));
    runs.looked.push(await image(uuids(devices)));
    console.error(`images, round ${round + 1}: ${Object.entries(runs).map(([name, list]) => `${name} ${Math.round(devices / (list.at(-1)!.ms / 1000))}/s`).join(', ')}`);
  }

  const some = uuids(labels);
  const kept: [figure: string, run: WholeRun][] = [
    ['`device label --format png`', await written((out) => latchkey('device', 'label', '--from', some, '--out-dir', out, '--format', 'png'))],
    ['`device label --format zpl`', await written((out) => latchkey('device', 'label', '--from', some, '--out', out, '--format', 'zpl'))],
    ['`device label --sheet A4`', await written((out) => latchkey('device', 'label', '--from', some, '--out-dir', out, '--sheet', 'A4'))],
  ];
  const reports: [figure: string, run: WholeRun][] = [
    ['`device batch report --format html`', await written((out) => latchkey('device', 'batch', 'report', 'bench', '--format', 'html', '--out', out))],
    ['`device batch report --format csv`', await written((out) => latchkey('device', 'batch', 'report', 'bench', '--format', 'csv', '--out', out))],
  ];

  const all = devices.toLocaleString('en');
  const speed = (list: readonly WholeRun[], count = devices) => median(list.map(({ ms }) => count / (ms / 1000)));
  const text = (list: readonly WholeRun[], count = devices) => `${Math.round(speed(list, count)).toLocaleString('en')}/s, ${megabytes(list)}`;
  const bare = `${text(runs.bare)} (bare loop)`;
  const ratio = (list: readonly WholeRun[]) => median(list.map(({ ms }, round) => runs.bare[round]!.ms / ms));
  const rows: Row[] = [
    {
      figure: `\`device image\`, NVS, of ${all} whole rows`, ours: text(runs.whole), baseline: bare, ratio: ratio(runs.whole),
      goal: { text: `at least ${leastPerSecond.toLocaleString('en')}/s`, met: speed(runs.whole) >= leastPerSecond },
    },
    { figure: `the same of ${all} uuids, looked up and opened`, ours: text(runs.looked), baseline: bare, ratio: ratio(runs.looked) },
    ...kept.map(([figure, run]): Row => ({ figure: `${figure} of ${labels.toLocaleString('en')}`, ours: text([run], labels), baseline: '' })),
    ...reports.map(([figure, run]): Row => ({ figure: `${figure} of ${all}`, ours: `${(run.ms / 1000).toFixed(1)} s, ${megabytes([run])}`, baseline: '' })),
  ];
  return {
    title: 'Files for devices',
    rows,
    conditions: [
      `Whole processes, each bound to one core, on the file system of the project; the kernel writes to the disk behind them. Images: ${rounds} rounds, medians; each ratio is that of its round; all else once. Memory is the highest peak (VmHWM).`,
      `A file of ${imageBytes.toLocaleString('en')} bytes a device; the bare loop makes as many of that size, and nothing else.`,
    ],
  };
}

const megabytes = (runs: readonly WholeRun[]) => `${(Math.max(...runs.map(({ peakMiB }) => peakMiB)) * 1.048576).toFixed(0)} MB`;
