import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { nvsVector } from '../../../test/vectors/nvs.ts';
import type { Device } from '../../domain/device.ts';
import { readKeyPartition } from '../../formats/nvs/encryption.ts';
import { readNvs } from '../../formats/nvs/read.ts';
import type { FactoryRole } from '../../roles/factory/ports.ts';
import { writeImages, type WriteImagesFlags } from './write-images.ts';

const uuid = '9f1c7a52-6f0b-4f43-9d0e-1d2f8a0b1c2d';
const other = '018f3e5a-7b2c-7d1e-8f00-aabbccddeeff';
const third = 'f47ac10b-58cc-4372-a567-0e02b2c3d479';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'latchkey-images-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function file(name: string, content: string): string {
  writeFileSync(join(folder, name), content);
  return join(folder, name);
}

/** The first device is that of the vector `small`. */
function identities(...uuids: string[]): string {
  return file('identities.csv', `uuid,ssid,pass_tmp\n${uuids.map((one) => `${one},setup-net,4t8n2k6c0w9r3x7m1q5v8b2h6j\n`).join('')}`);
}

const noFactory = (): Promise<FactoryRole> => expect.unreachable();

async function write(more: Partial<WriteImagesFlags>, factory = noFactory) {
  const flags = {
    uuid: undefined, from: undefined, 'out-dir': join(folder, 'images'), overwrite: false, rejects: join(folder, 'rejects'), dpp: false, format: 'esp-nvs' as const,
    'partition-size': undefined, namespace: 'latchkey', 'uuid-key': 'uuid', 'ssid-key': 'ssid', 'pass-tmp-key': 'pass_tmp', extra: undefined,
    'extra-config': undefined, encrypt: false, 'encryption-keys': undefined, ...more,
  };
  return writeImages(flags, { factory, silent: true, signal: new AbortController().signal });
}

const image = (name: string) => readFileSync(join(folder, 'images', name));
const rejects = () => readFileSync(join(folder, 'rejects'), 'utf8').trim().split('\n').filter(Boolean).map((line) => JSON.parse(line) as Record<string, unknown>);
const values = (bytes: Uint8Array) => readNvs(bytes).entries.map(({ namespace, key, value }) => [`${namespace}/${key}`, typeof value === 'object' ? Buffer.from(value).toString('hex') : `${value}`]);

test('writes what Espressif’s generator writes, for its owner only', async () => {
  expect(await write({ from: identities(uuid, other) })).toMatchObject({ written: 2, unchanged: 0, rejected: 0 });
  expect(image(`${uuid}.bin`).equals(nvsVector('small.bin'))).toBe(true);
  expect(values(image(`${other}.bin`))[0]).toEqual(['latchkey/uuid', other]);
  expect(statSync(join(folder, 'images')).mode & 0o777).toBe(0o700);
  expect(statSync(join(folder, 'images', `${uuid}.bin`)).mode & 0o777).toBe(0o600);
});

test('under other names, in a larger partition', async () => {
  await write({ from: identities(uuid), namespace: 'wifi', 'uuid-key': 'id', 'ssid-key': 'net', 'pass-tmp-key': 'secret', 'partition-size': 0x6000 });
  expect(image(`${uuid}.bin`)).toHaveLength(0x6000);
  expect(values(image(`${uuid}.bin`)).map(([name]) => name)).toEqual(['wifi/id', 'wifi/net', 'wifi/secret']);
});

test('with the DPP key that the registry has', async () => {
  const identity = { device: { uuid, ssid: 'setup-net' } as Device, passTmp: '4t8n2k6c0w9r3x7m1q5v8b2h6j', dppKey: new Uint8Array(32).fill(7) };
  const factory = async () => ({ identities: async () => [identity] }) as unknown as FactoryRole;
  const withKey = ['latchkey/dpp_key', '07'.repeat(32)];
  await write({ uuid: [uuid] }, factory);
  expect(values(image(`${uuid}.bin`)).at(-1)).toEqual(withKey);
  await write({ from: identities(uuid), 'out-dir': join(folder, 'asked'), dpp: true }, factory);
  expect(readFileSync(join(folder, 'asked', `${uuid}.bin`)).equals(image(`${uuid}.bin`))).toBe(true);
});

test('not for a device that is revoked, where the registry is asked', async () => {
  const identity = { device: { uuid, ssid: 'setup-net', state: 'revoked' } as Device, passTmp: '4t8n2k6c0w9r3x7m1q5v8b2h6j' };
  expect(await write({ uuid: [uuid] }, async () => ({ identities: async () => [identity] }) as unknown as FactoryRole)).toMatchObject({ written: 0, rejected: 1 });
  expect(rejects()).toMatchObject([{ code: 'device_revoked', row: { uuid } }]);
});

describe('what is there already', () => {
  test('is left alone if it is the same, so that a command can be run again', async () => {
    await write({ from: identities(uuid) });
    expect(await write({ from: identities(uuid, other) })).toMatchObject({ written: 1, unchanged: 1, rejected: 0 });
  });

  test('is finished if a run was interrupted while writing it', async () => {
    await write({ from: identities(uuid) });
    file(`images/${uuid}.bin`, nvsVector('small.bin').toString('latin1', 0, 40));
    writeFileSync(join(folder, 'images', `${uuid}.bin`), nvsVector('small.bin').subarray(0, 5000));
    expect(await write({ from: identities(uuid) })).toMatchObject({ written: 1, rejected: 0 });
    expect(image(`${uuid}.bin`).equals(nvsVector('small.bin'))).toBe(true);
    expect(readdirSync(join(folder, 'images'))).toEqual([`${uuid}.bin`]);
  });

  test('is a reject if it is another, unless it shall be replaced', async () => {
    await write({ from: identities(uuid, other) });
    writeFileSync(join(folder, 'images', `${uuid}.bin`), 'mine');
    expect(await write({ from: identities(uuid, other) })).toMatchObject({ written: 0, unchanged: 1, rejected: 1 });
    expect(rejects()).toEqual([{ line: 2, code: 'file_exists', reason: expect.stringContaining(`${uuid}.bin is there with other content.`), row: { uuid } }]);
    expect(image(`${uuid}.bin`).toString()).toBe('mine');
    expect(await write({ from: identities(uuid, other), overwrite: true })).toMatchObject({ written: 1, unchanged: 1, rejected: 0 });
    expect(image(`${uuid}.bin`).equals(nvsVector('small.bin'))).toBe(true);
  });

  test('is never written through a link', async () => {
    await write({ from: identities(other) });
    symlinkSync(file('elsewhere', ''), join(folder, 'images', `${uuid}.bin`));
    await expect(write({ from: identities(uuid) })).rejects.toMatchObject({ code: 'invalid_input' });
    expect(readFileSync(join(folder, 'elsewhere'), 'utf8')).toBe('');
  });
});

describe('encrypted', () => {
  test('each device has keys of its own, which are used again', async () => {
    await write({ from: identities(uuid, other), encrypt: true });
    const [one, two] = [image(`${uuid}.keys.bin`), image(`${other}.keys.bin`)];
    expect(one.equals(two)).toBe(false);
    expect(readNvs(image(`${uuid}.bin`), readKeyPartition(one)).entries).toEqual(readNvs(nvsVector('small.bin')).entries);
    expect(await write({ from: identities(uuid, other), encrypt: true })).toMatchObject({ unchanged: 2, rejected: 0 });
    expect(image(`${uuid}.keys.bin`).equals(one)).toBe(true);
  });

  test('or that of a given key partition', async () => {
    writeFileSync(join(folder, 'keys.bin'), nvsVector('small-encrypted.keys.bin'));
    await write({ from: identities(uuid), 'encryption-keys': join(folder, 'keys.bin'), 'partition-size': 0x4000 });
    expect(image(`${uuid}.bin`).equals(nvsVector('small-encrypted.bin'))).toBe(true);
    expect(readdirSync(join(folder, 'images'))).toEqual([`${uuid}.bin`]);
  });

  test('keys that are there and damaged are not replaced', async () => {
    await write({ from: identities(uuid), encrypt: true });
    writeFileSync(join(folder, 'images', `${uuid}.keys.bin`), 'torn');
    expect(await write({ from: identities(uuid), encrypt: true })).toMatchObject({ rejected: 1 });
    expect(rejects()[0]).toMatchObject({ line: 2, reason: expect.stringContaining(`${uuid}.keys.bin is there already.`) });
  });
});

describe('more values', () => {
  const config = 'app,namespace,\nserial,data,string,REPEAT\nno,data,u16\ncal,data,hex2bin\nlatchkey,namespace,\ncolour,data,string\n';

  test('by uuid, in any order, with columns that are nobody’s', async () => {
    const extra = file('values.csv', `id,serial,no,cal,colour,uuid\n1,A1,101,00ff,red,${other}\n2,,102,01,"light, blue",${uuid.toUpperCase()}\n`);
    await write({ from: identities(uuid, other), extra, 'extra-config': file('config.csv', config) });
    expect(values(image(`${uuid}.bin`)).slice(3)).toEqual([
      ['app/serial', 'A1'], ['app/no', '102'], ['app/cal', '01'], ['latchkey/colour', 'light, blue'],
    ]);
    expect(values(image(`${other}.bin`)).slice(3).map(([, value]) => value)).toEqual(['A1', '101', '00ff', 'red']);
  });

  test('row by row where the file has no uuids', async () => {
    const extra = file('values.csv', 'serial,no,cal,colour\nA1,101,00,red\n,102,01,blue\n');
    expect(await write({ from: identities(uuid, other, third), extra, 'extra-config': file('config.csv', config) })).toMatchObject({ written: 2, rejected: 1 });
    expect(values(image(`${uuid}.bin`))[4]).toEqual(['app/no', '101']);
    expect(values(image(`${other}.bin`))[4]).toEqual(['app/no', '102']);
    expect(rejects()).toEqual([{ line: 4, code: 'invalid_input', reason: `${extra} has no row for device ${third}.`, row: { uuid: third } }]);
  });

  test('row by row, and a line of devices that comes to nothing leaves its row to nobody', async () => {
    const extra = file('values.csv', 'serial,no,cal,colour\nA1,101,00,red\n,102,01,blue\n,103,02,blue\n,104,03,blue\n');
    const line = (one: string) => `${one},setup-net,4t8n2k6c0w9r3x7m1q5v8b2h6j\n`;
    const from = file('identities.csv', `uuid,ssid,pass_tmp\n${line(uuid)}\n${line('nonsense')}torn,"\n${line(other)}`);
    expect(await write({ from, extra, 'extra-config': file('config.csv', config) })).toMatchObject({ written: 2, rejected: 2 });
    expect(values(image(`${uuid}.bin`))[4]).toEqual(['app/no', '101']);
    expect(values(image(`${other}.bin`))[4]).toEqual(['app/no', '104']);
  });

  test('row by row only where a file of devices says in which order', async () => {
    const extra = file('values.csv', 'serial,no,cal,colour\nA1,101,00,red\n');
    const device = { uuid, ssid: 'setup-net' } as Device;
    const factory = { identities: async () => [{ device, passTmp: '4t8n2k6c0w9r3x7m1q5v8b2h6j' }] } as unknown as FactoryRole;
    expect(await write({ uuid: [uuid], extra, 'extra-config': file('config.csv', config) }, async () => factory)).toMatchObject({ rejected: 1 });
    expect(rejects()[0]!['reason']).toContain('only --from says which row is whose');
  });

  test('the same for all from a generator’s CSV', async () => {
    const extra = file('values.csv', 'key,type,encoding,value\napp,namespace,,\nno,data,u16,7\n');
    await write({ from: identities(uuid, other), extra, format: 'json' });
    expect(JSON.parse(image(`${uuid}.json`).toString())).toEqual({ uuid, ssid: 'setup-net', pass_tmp: '4t8n2k6c0w9r3x7m1q5v8b2h6j', app: { no: 7 } });
    expect(readdirSync(join(folder, 'images'))).toEqual([`${other}.json`, `${uuid}.json`].sort());
  });

  test('that are wrong are told with their line, and the other devices get theirs', async () => {
    const extra = file('values.csv', 'serial,no,cal,colour\nA1,101,00,red\n,70000,01,blue\n,103,1,blue\n,104,04\n,105,05,blue\n');
    const from = identities(uuid, other, third, '00000000-0000-4000-8000-000000000001', '00000000-0000-4000-8000-000000000002');
    expect(await write({ from, extra, 'extra-config': file('config.csv', config) })).toMatchObject({ written: 2, rejected: 3 });
    expect(rejects().map(({ line, reason }) => [line, reason])).toEqual([
      [3, 'The value of no does not fit into u16.'],
      [4, `--extra: ${extra}: line 4: The value of cal is not made of pairs of hexadecimal digits.`],
      [5, `--extra: line 5 of ${extra} has 3 columns, not 4.`],
    ]);
    expect(values(image('00000000-0000-4000-8000-000000000002.bin'))[4]).toEqual(['app/no', '105']);
  });

  test('may not be called as the identity’s values are', async () => {
    const extra = file('values.csv', 'key,type,encoding,value\nlatchkey,namespace,,\nssid,data,string,x\n');
    await expect(write({ from: identities(uuid), extra })).rejects.toThrow('The extra values have a ssid in latchkey, which the identity brings.');
    await expect(write({ from: identities(uuid), 'extra-config': extra })).rejects.toMatchObject({ code: 'missing_input' });
    await expect(write({ from: identities(uuid), 'uuid-key': 'ssid' })).rejects.toThrow('Two values of an identity would be called ssid.');
    await expect(write({ from: identities(uuid), format: 'env', encrypt: true })).rejects.toThrow('are of NVS partitions');
  });
});

test('a device whose values do not fit is told, and so is a row that is not right', async () => {
  const extra = file('values.csv', `key,type,encoding,value\napp,namespace,,\na,data,"blob_fill(9000;0x00)",\n`);
  const from = file('identities.csv', `uuid,ssid,pass_tmp\nnonsense,setup-net,4t8n2k6c0w9r3x7m1q5v8b2h6j\n${uuid},setup-net,4t8n2k6c0w9r3x7m1q5v8b2h6j\n`);
  expect(await write({ from, extra })).toMatchObject({ written: 0, rejected: 2, firstReject: { line: 2 } });
  expect(rejects()[1]).toEqual({ line: 3, code: 'invalid_input', reason: 'The values do not fit into an NVS partition of 0x3000 bytes.', row: { uuid } });
});

// Linux's /proc: files cannot be made there, not even by root.
test('a folder that cannot be written is told', async () => {
  await expect(write({ from: identities(uuid), 'out-dir': '/proc/self' })).rejects.toMatchObject({ code: 'invalid_input', message: expect.stringContaining('cannot be written (ENOENT)') });
});
