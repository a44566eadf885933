import { Buffer } from 'node:buffer';
import { describe, expect, test } from 'vitest';
import { LatchkeyError } from '../domain/errors.ts';
import { decodeCbor, encodeCbor } from './cbor.ts';
import { CborReader } from './cbor-reader.ts';
import { isSignedBy, nothing, readSign1, writeSign1, type Sign1Form } from './cose-sign1.ts';
import { ed25519Public, newEd25519 } from './ed25519.ts';

/** EdDSA-01 of the examples of the COSE working group (github.com/cose-wg/Examples), with its tag 18 left out. */
const example = Buffer.from(
  '8445a201270300a10442313154546869732069732074686520636f6e74656e742e58407142fd2ff96d56db85bee905a76ba1d0b7321a95c8c4d3607c5781932b7afb8711497dfa751bf40b58b3bcc32300b1487f3db34085eef013bf08f4a44d6fef0d',
  'hex',
);
const exampleSeed = Buffer.from('9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60', 'hex');
const exampleKey = Buffer.from('d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a', 'hex');

const untagged: Sign1Form = { tagged: false, keyIdBytes: undefined };
const read = (bytes: Uint8Array, form: Sign1Form = untagged) => readSign1(new CborReader(bytes, (detail) => new LatchkeyError('invalid_input', detail)), 'it', form);

describe('the working group’s example', () => {
  const [protectedHeader, , payload, signature] = decodeCbor(example) as [Uint8Array, unknown, Uint8Array, Uint8Array];
  const sign1 = { protectedHeader, keyId: undefined, payload, signature };

  test('is signed by its key, over its content', () => {
    expect(isSignedBy(sign1, nothing, ed25519Public(exampleKey))).toBe(true);
    expect(isSignedBy({ ...sign1, payload: Buffer.from('This is no content.') }, nothing, ed25519Public(exampleKey))).toBe(false);
    expect(isSignedBy(sign1, Buffer.from('more'), ed25519Public(exampleKey))).toBe(false);
  });

  test('has headers that are none of ours', () => {
    expect(() => read(example)).toThrow('the protected header of it has the key 3, which is not known here');
    const plain = encodeCbor([Buffer.from('a10127', 'hex'), new Map([[4, Buffer.from('11')]]), payload, signature]);
    expect(() => read(plain)).toThrow('the unprotected header of it has the key 4, which is not known here');
  });

  test('is by the key that its seed gives', () => {
    expect(Buffer.from(newEd25519(exampleSeed).publicKey)).toEqual(exampleKey);
  });
});

test.each<[string, Sign1Form]>([
  ['with tag and key id', { tagged: true, keyIdBytes: 2 }],
  ['with a tag', { tagged: true, keyIdBytes: undefined }],
  ['with a key id', { tagged: false, keyIdBytes: 2 }],
  ['with neither', untagged],
])('what is written is read: %s', (_, form) => {
  const { publicKey, privateKey } = newEd25519(exampleSeed);
  const keyId = form.keyIdBytes === undefined ? undefined : Buffer.from([1, 2]);
  const payload = Buffer.alloc(300, 7);
  const externalAad = Buffer.from('what both know');
  const sign1 = read(writeSign1({ payload, keyId, externalAad, privateKey }, form), form);
  expect({ keyId: sign1.keyId, payload: sign1.payload }).toEqual({ keyId, payload });
  expect(isSignedBy(sign1, externalAad, ed25519Public(publicKey))).toBe(true);
  expect(isSignedBy(sign1, nothing, ed25519Public(publicKey))).toBe(false);
});
