import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { deriveWpaKey, wpaKey } from './wpa-key.ts';

type Vector = Record<'ssid' | 'passphrase' | 'psk_hex', string>;
const { vectors } = JSON.parse(readFileSync(new URL('../../test/vectors/wpa-psk.json', import.meta.url), 'utf8')) as { vectors: Vector[] };

test.each(vectors)('the key of $ssid', async ({ ssid, passphrase, psk_hex }) => {
  expect(wpaKey(passphrase, ssid)).toBe(psk_hex);
  expect(Buffer.from(await deriveWpaKey(passphrase, ssid)).toString('hex')).toBe(psk_hex);
});
