import { readdirSync, statSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, afterAll, describe, expect, test } from 'vitest';
import { LatchkeyError } from '../../src/domain/errors.ts';
import { openEsptool } from '../../src/flasher/esptool.ts';
import type { Flasher } from '../../src/roles/flashing/flasher.ts';
import { StandInEsptool, type Fault } from './stand-in-esptool.ts';

const { signal } = new AbortController();
const image = Buffer.alloc(0x3000, 0xa5);
let root: string;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'latchkey-esptool-'));
});
afterAll(() => rm(root, { recursive: true }));

async function bench(name: string, version?: string): Promise<{ esptool: StandInEsptool; flasher: Flasher; files: string }> {
  const esptool = new StandInEsptool(join(root, name), version === undefined ? {} : { version });
  const files = await mkdtemp(join(root, 'files-'));
  return { esptool, files, flasher: await openEsptool({ tool: esptool.path, folder: files, stepMs: 1500 }, signal) };
}

describe.each(['4.7.0', '5.3.1'])('version %s', (version) => {
  test('writes a board and reads it back, with only its own command line, and leaves no file behind', async () => {
    const { esptool, flasher, files } = await bench(`v${version}`, version);
    const path = esptool.port('ttyUSB0');
    const percents: number[] = [];
    await flasher.write({ path, baud: 460_800, chip: 'esp32c3' }, [{ offset: 0x9000, bytes: image }, { offset: 0xe000, bytes: image.subarray(0, 0x1000) }], { signal, onPercent: (percent) => percents.push(percent) });
    expect(percents.at(-1)).toBe(100);
    expect(esptool.flash(path).subarray(0x9000, 0xc000)).toEqual(image);
    expect(esptool.flash(path).subarray(0xe000, 0xf000)).toEqual(image.subarray(0, 0x1000));
    expect(await flasher.read({ path }, { offset: 0x9000, length: image.length, last: true }, { signal })).toEqual(image);
    const [write, read] = esptool.runs(path);
    const [noReset, hardReset, writeFlash, readFlash] = version.startsWith('5')
      ? ['no-reset', 'hard-reset', 'write-flash', 'read-flash']
      : ['no_reset', 'hard_reset', 'write_flash', 'read_flash'];
    const file = expect.stringContaining(files) as string;
    expect(write).toEqual(['--chip', 'esp32c3', '--port', path, '--baud', '460800', '--after', noReset, writeFlash, '0x9000', file, '0xe000', file]);
    expect(read).toEqual(['--port', path, '--after', hardReset, readFlash, '0x9000', '0x3000', file]);
    expect(readdirSync(files)).toEqual([]);
  });
});

test.each<[fault: Fault, result: string, message: RegExp]>([
  [{ command: 'write', kind: 'fail' }, 'tool_failed', /^The tool ended with 2: A fatal error occurred: Failed to connect to ESP32: No serial data received\.$/],
  [{ command: 'write', kind: 'hang' }, 'timed_out', /longer than 1.5 s/],
  [{ command: 'read', kind: 'hang' }, 'timed_out', /longer than 1.5 s/],
  [{ command: 'write', kind: 'flood' }, 'tool_flooded', /more than 4 MiB/],
  [{ command: 'read', kind: 'short' }, 'short_read', /^1000 of 12288 bytes were read back\.$/],
])('%j is %s', async (fault, result, message) => {
  const { esptool, flasher, files } = await bench(`${fault.command}-${fault.kind}`);
  const path = esptool.port('ttyUSB0');
  esptool.fault(path, fault);
  const work = async () => {
    await flasher.write({ path }, [{ offset: 0x9000, bytes: image }], { signal });
    await flasher.read({ path }, { offset: 0x9000, length: image.length, last: true }, { signal });
  };
  await expect(work()).rejects.toMatchObject({ name: 'FlashFailure', result, message: expect.stringMatching(message) as string });
  expect(readdirSync(files)).toEqual([]);
});

test('what the tool leaves running does not hold anything up', async () => {
  const { esptool, flasher } = await bench('linger');
  const path = esptool.port('ttyUSB0');
  esptool.fault(path, { command: 'write', kind: 'linger' });
  await flasher.write({ path }, [{ offset: 0x9000, bytes: image }], { signal });
  expect(esptool.flash(path).subarray(0x9000, 0xc000)).toEqual(image);
});

test('an interruption ends a tool that does not want to end, and removes what it was given', async () => {
  const { esptool, flasher, files } = await bench('interrupted');
  const path = esptool.port('ttyUSB0');
  esptool.fault(path, { command: 'write', kind: 'hang' });
  const stop = new AbortController();
  const writing = flasher.write({ path }, [{ offset: 0x9000, bytes: image }], { signal: stop.signal });
  await expect.poll(() => esptool.runs(path).length).toBe(1);
  const [folder] = readdirSync(files);
  expect(statSync(join(files, folder!)).mode & 0o777).toBe(0o700);
  expect(statSync(join(files, folder!, '0x9000.bin')).mode & 0o777).toBe(0o600);
  stop.abort();
  await expect(writing).rejects.toMatchObject({ result: 'interrupted' });
  expect(readdirSync(files)).toEqual([]);
});

test('a port that is not there is told without running anything', async () => {
  const { flasher } = await bench('no-port');
  await expect(flasher.requirePort({ path: '/dev/ttyNONE' })).rejects.toMatchObject({ result: 'port_missing', message: 'There is no port /dev/ttyNONE.' });
});

test('what is no esptool is refused at the start', async () => {
  const codeOf = (tool: string) =>
    openEsptool({ tool, folder: root, stepMs: 1000 }, signal).then(() => undefined, (error: LatchkeyError) => error.code);
  const other = join(root, 'other');
  await writeFile(other, '#!/bin/sh\necho hello\n', { mode: 0o755 });
  expect(await codeOf(join(root, 'none'))).toBe('file_not_found');
  expect(await codeOf(other)).toBe('invalid_input');
});
