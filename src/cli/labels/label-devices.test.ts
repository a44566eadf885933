import { expect, test } from 'vitest';
import { parseLabelTemplate } from '../../formats/label-text.ts';
import { bootstrapPublicKey, newBootstrapKey } from '../../protocol/bootstrap-key.ts';
import type { FactoryRole } from '../../roles/factory/ports.ts';
import { LatchkeyError } from '../../domain/errors.ts';
import type { FoundIdentity, IdentityOrReject } from '../identity-source.ts';
import { labelDevices, type LabelJob } from './label-devices.ts';
import type { Reject } from '../rejects-file.ts';

const uuids = ['9f1c7a52-6f0b-4f43-9d0e-1d2f8a0b1c2d', '00000000-0000-4000-8000-000000000001', '00000000-0000-4000-8000-000000000002'] as const;
const madeAt = new Date('2026-11-25T08:00:00Z');

function device(uuid: string, parts: Partial<FoundIdentity> = {}): FoundIdentity {
  return { line: undefined, uuid, ssid: 'iot', model: 'lamp', batch: undefined, label: undefined, mac: undefined, passTmp: undefined, dppKey: undefined, flashedAt: undefined, extra: {}, ...parts };
}

/** Keys of all but the devices of `absent`. */
function keys(absent: readonly string[] = []): Pick<FactoryRole, 'bootstrapKeys'> {
  return {
    bootstrapKeys: async (asked) => asked.map((uuid) => (absent.includes(uuid) ? undefined : { uuid, publicKey: bootstrapPublicKey(newBootstrapKey()), madeAt })),
  };
}

async function labelled(devices: readonly IdentityOrReject[], parts: Partial<LabelJob> = {}, absent: readonly string[] = []) {
  const [rejects, added]: [Reject[], string[]] = [[], []];
  const tally = await labelDevices({
    devices: (async function* () { yield devices; })(),
    kind: { kind: 'dpp', channels: ['81/1'], info: undefined },
    text: ['{model}'].map(parseLabelTemplate),
    size: { widthMm: 60, heightMm: 30, dpi: 300 },
    level: 'M',
    logo: undefined,
    format: 'svg',
    output: { fileEach: true, files: 0, add: async (uuid) => void added.push(uuid), end: async () => {}, [Symbol.asyncDispose]: async () => {} },
    factory: async () => keys(absent) as FactoryRole,
    reject: async (reject) => void rejects.push(reject),
    onLabel: () => {},
    ...parts,
  });
  return { tally, rejects, added };
}

test('who was flashed before the key was made is named: the key is not in the device', async () => {
  const [before, after] = [new Date(madeAt.getTime() - 1), new Date(madeAt.getTime() + 1)];
  const { tally } = await labelled([device(uuids[0], { flashedAt: before }), device(uuids[1], { flashedAt: after }), device(uuids[2])]);
  expect(tally).toMatchObject({ labels: 3, keyless: [uuids[0]] });
});

test('what one device lacks keeps no other from its label', async () => {
  const { tally, rejects, added } = await labelled([device(uuids[0], { line: 2 }), { line: 3, code: 'invalid_input', reason: 'bad' }, device(uuids[1], { line: 4 })], {}, [uuids[0]]);
  expect([tally.labels, added]).toEqual([1, [uuids[1]]]);
  expect(rejects).toEqual([
    { line: 2, code: 'device_not_found', reason: expect.stringContaining(uuids[0]), row: { uuid: uuids[0] } },
    { line: 3, code: 'invalid_input', reason: 'bad' },
  ]);
});

test('a file that is in the way is one label’s, a full disk is everybody’s', async () => {
  const failing = (code: 'file_exists' | 'storage_full') => ({
    output: { fileEach: true, files: 0, add: async () => { throw new LatchkeyError(code); }, end: async () => {}, [Symbol.asyncDispose]: async () => {} },
  });
  expect((await labelled([device(uuids[0])], failing('file_exists'))).rejects).toMatchObject([{ line: 1, code: 'file_exists' }]);
  await expect(labelled([device(uuids[0])], failing('storage_full'))).rejects.toMatchObject({ code: 'storage_full' });
});
