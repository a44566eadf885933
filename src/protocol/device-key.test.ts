import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { devicePsk, deviceProof, matchCode } from './device-key.ts';
import { base64url } from './encoding.ts';

type Vector = Readonly<
  Record<'uuid' | 'pass_tmp' | 'ap_id' | 'device_nonce' | 'ap_nonce' | 'psk_hex' | 'device_proof' | 'request_id' | 'match_code', string>
>;

const { vectors } = JSON.parse(readFileSync(new URL('../../test/vectors/device-psk.json', import.meta.url), 'utf8')) as { vectors: Vector[] };

test.each(vectors)('key, proof and match code of $uuid', (vector) => {
  const context = {
    uuid: vector.uuid,
    apId: vector.ap_id,
    deviceNonce: Buffer.from(vector.device_nonce, 'base64url'),
    apNonce: Buffer.from(vector.ap_nonce, 'base64url'),
  };
  const psk = devicePsk(vector.pass_tmp, context);
  expect(psk.toString('hex')).toBe(vector.psk_hex);
  expect(base64url(deviceProof(vector.pass_tmp, context))).toBe(vector.device_proof);
  expect(matchCode(psk, vector.request_id)).toBe(vector.match_code);
});
