import { Buffer } from 'node:buffer';
import { createDecipheriv, createPrivateKey, createPublicKey, diffieHellman, hash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { LatchkeyError } from '../domain/errors.ts';
import { jwkThumbprint, newAccessKey, openAccessCode, parsePublicJwk, parseThumbprint, publicJwkOf, sealAccessCode, type AccessCode, type PrivateJwk, type PublicJwk } from './access-code.ts';

interface Sealed {
  readonly apv: string;
  readonly jwe: string;
}

interface Vectors {
  readonly private_jwk: PrivateJwk;
  readonly thumbprint: string;
  readonly vectors: readonly (Sealed & { readonly access_code: Omit<AccessCode, 'passwordId'> & { readonly password_id?: string } })[];
  readonly refused: readonly (Sealed & { readonly why: string })[];
}

const file = new URL('../../test/vectors/access-code.json', import.meta.url);
const { private_jwk: bob, thumbprint, vectors, refused } = JSON.parse(readFileSync(file, 'utf8')) as Vectors;
const code: AccessCode = { ssid: 'cafe-guests', password: 'kxv4-9dtr-c2mw', security: 'wpa2-psk' };
const codeOf = (work: Promise<unknown>) => work.then(() => undefined, (error: LatchkeyError) => error.code);

test.each(vectors)('what another implementation sealed for $apv opens', async ({ apv, jwe, access_code: { password_id: passwordId, ...rest } }) => {
  expect(await openAccessCode(jwe, bob, apv)).toEqual({ ...rest, ...(passwordId === undefined ? {} : { passwordId }) });
});

test.each(refused)('refused: $why', async ({ apv, jwe }) => {
  expect(await codeOf(openAccessCode(jwe, bob, apv))).toBe('access_code_invalid');
});

test('opens for its purpose and its key alone, and unchanged', async () => {
  const key = newAccessKey();
  const sae: AccessCode = { ...code, passwordId: 'grt_1', security: 'wpa3-sae' };
  const jwe = await sealAccessCode(sae, publicJwkOf(key), 'grt_1');
  expect(await openAccessCode(jwe, key, 'grt_1')).toEqual(sae);
  const [header, encryptedKey, iv, text, tag] = jwe.split('.') as [string, string, string, string, string];
  const changed = [header, encryptedKey, iv, `${text[0] === 'A' ? 'B' : 'A'}${text.slice(1)}`, tag].join('.');
  const wrong = [openAccessCode(jwe, key, 'grt_2'), openAccessCode(jwe, newAccessKey(), 'grt_1'), openAccessCode(changed, key, 'grt_1'), openAccessCode('', key, 'grt_1'), openAccessCode('A'.repeat(5000), key, 'grt_1')];
  expect(new Set(await Promise.all(wrong.map(codeOf)))).toEqual(new Set(['access_code_invalid']));
});

test.each(['', 'two words', 'a"\n}\nnetwork={', '\u001b[2J', 'a\\n', 'x'.repeat(129), 7, null])('an identifier that no access point makes is refused: %j', async (passwordId) => {
  const key = newAccessKey();
  const jwe = await sealAccessCode({ ...code, security: 'wpa3-sae', passwordId: passwordId as string }, publicJwkOf(key), 'grt_1');
  expect(await codeOf(openAccessCode(jwe, key, 'grt_1'))).toBe('access_code_invalid');
});

/** ECDH-ES with a direct key (RFC 7518, 4.6.2), written out: SHA-256 over one round, for keys of up to 256 bits. */
function agreedKey(privateJwk: PrivateJwk, epk: PublicJwk, { enc, bits, apu = '', apv }: { enc: string; bits: number; apu?: string; apv: string }): Buffer {
  const z = diffieHellman({ privateKey: createPrivateKey({ key: { ...privateJwk }, format: 'jwk' }), publicKey: createPublicKey({ key: { ...epk }, format: 'jwk' }) });
  const u32 = (value: number) => Buffer.of(0, 0, value >> 8, value & 255);
  const sized = (text: string) => Buffer.concat([u32(Buffer.byteLength(text)), Buffer.from(text)]);
  return hash('sha256', Buffer.concat([u32(1), z, sized(enc), sized(apu), sized(apv), u32(bits)]), 'buffer').subarray(0, bits / 8);
}

describe('by hand', () => {
  test('the key agreement is that of RFC 7518, appendix C', () => {
    const epk = { kty: 'EC', crv: 'P-256', x: 'gI0GAILBdu7T53akrFmMyGcsF3n5dO7MmwNBHKW5SV0', y: 'SLW_xSffzlPWrHEVI30DHM_4egVwt3NQqeUD7nMFpps' } as const;
    expect(agreedKey(bob, epk, { enc: 'A128GCM', bits: 128, apu: 'Alice', apv: 'Bob' }).toString('base64url')).toBe('VqqN6vgjbSBcIijNcacQGg');
  });

  test('what is sealed here opens by it', async () => {
    const [header, encryptedKey, iv, text, tag] = (await sealAccessCode(code, publicJwkOf(bob), 'grt_1')).split('.').map((part) => Buffer.from(part, 'base64url'));
    const { alg, enc, apv, epk } = JSON.parse(header!.toString()) as Record<string, never>;
    expect([alg, enc, Buffer.from(apv!, 'base64url').toString(), encryptedKey!.length]).toEqual(['ECDH-ES', 'A256GCM', 'grt_1', 0]);
    const decipher = createDecipheriv('aes-256-gcm', agreedKey(bob, epk!, { enc: 'A256GCM', bits: 256, apv: 'grt_1' }), iv!);
    decipher.setAAD(Buffer.from(header!.toString('base64url'))).setAuthTag(tag!);
    expect(JSON.parse(Buffer.concat([decipher.update(text!), decipher.final()]).toString())).toEqual(code);
  });
});

test('a key is pinned by its thumbprint (RFC 7638), whatever else its JWK says', async () => {
  expect(await jwkThumbprint(publicJwkOf(bob))).toBe(thumbprint);
  const said = parsePublicJwk(JSON.stringify({ kid: 'till', use: 'enc', ...bob }));
  expect(said).toEqual(publicJwkOf(bob));
  expect(await jwkThumbprint(said)).toBe(thumbprint);
  expect(parseThumbprint(thumbprint)).toBe(thumbprint);
  expect(() => parseThumbprint(thumbprint.slice(1))).toThrow(/43 letters/);
});

test.each([
  ['no JSON', 'x'],
  ['no object', 'null'],
  ['another curve', JSON.stringify({ ...bob, crv: 'P-384' })],
  ['another kind', '{"kty":"OKP","crv":"X25519","x":"hSDwCYkwp1R0i33ctD73Wg2_Og0mOBr066SpjqqbTmo"}'],
  ['no point of the curve', JSON.stringify({ ...bob, y: bob.x })],
  ['a coordinate too short', JSON.stringify({ ...bob, x: bob.x.slice(4) })],
])('%s is no key', (_, text) => {
  expect(() => parsePublicJwk(text)).toThrow(expect.objectContaining({ code: 'access_code_invalid' }));
});
