import { Buffer } from 'node:buffer';
import { sign, verify, type KeyObject } from 'node:crypto';
import { encodeCbor } from './cbor.ts';
import { CborReader } from './cbor-reader.ts';

/** A COSE_Sign1 (RFC 9052, 4.2) by EdDSA (RFC 9053, 2.2), whose unprotected header is empty. */
export interface Sign1 {
  /** Encoded, as it is signed. */
  readonly protectedHeader: Uint8Array;
  /** `kid`. */
  readonly keyId: Uint8Array | undefined;
  readonly payload: Uint8Array;
  /** 64 bytes. */
  readonly signature: Uint8Array;
}

/** Whether it says itself what it is (tag 18), and how many bytes of `kid` it has. */
export interface Sign1Form {
  readonly tagged: boolean;
  readonly keyIdBytes: number | undefined;
}

export const nothing = new Uint8Array(0);

const sign1Tag = 18;
const algLabel = 1;
const kidLabel = 4;
const eddsa = -8;
const signatureBytes = 64;
/** `["Signature1", …`: what is signed begins with it (RFC 9052, 4.4). */
const context = Buffer.concat([Buffer.from([0x84]), encodeCbor('Signature1')]);

export interface Signing {
  readonly payload: Uint8Array;
  readonly keyId: Uint8Array | undefined;
  /** What is signed with it and not in it. */
  readonly externalAad: Uint8Array;
  readonly privateKey: KeyObject;
}

export function writeSign1({ payload, keyId, externalAad, privateKey }: Signing, { tagged }: Pick<Sign1Form, 'tagged'>): Uint8Array {
  const protectedHeader = encodeCbor(new Map<number, number | Uint8Array>([[algLabel, eddsa], ...(keyId === undefined ? [] : [[kidLabel, keyId] as const])]));
  const signature = sign(null, toBeSigned(protectedHeader, externalAad, payload), privateKey);
  const message = encodeCbor([protectedHeader, new Map(), payload, signature]);
  return tagged ? Buffer.concat([Buffer.from([0xc0 | sign1Tag]), message]) : message;
}

/** The structure alone: whether it is signed rightly says `isSignedBy`. Errors: the reader's. */
export function readSign1(reader: CborReader, what: string, { tagged, keyIdBytes }: Sign1Form): Sign1 {
  if (tagged) {
    reader.tag(sign1Tag, what);
  }
  reader.arrayOf(4, what);
  const protectedHeader = reader.bytes(`the protected header of ${what}`);
  const keyId = readProtected(new CborReader(protectedHeader, reader.refuse), what, keyIdBytes);
  reader.map(`the unprotected header of ${what}`, new Map());
  const payload = reader.bytes(`the payload of ${what}`);
  return { protectedHeader, keyId, payload, signature: reader.bytesOf(signatureBytes, `the signature of ${what}`) };
}

export function isSignedBy({ protectedHeader, payload, signature }: Sign1, externalAad: Uint8Array, publicKey: KeyObject): boolean {
  return verify(null, toBeSigned(protectedHeader, externalAad, payload), publicKey, signature);
}

function readProtected(reader: CborReader, what: string, keyIdBytes: number | undefined): Uint8Array | undefined {
  const header = `the protected header of ${what}`;
  let keyId: Uint8Array | undefined;
  const members = new Map([
    [algLabel, () => {
      const algorithm = reader.integer(`the algorithm of ${what}`);
      if (algorithm !== eddsa) {
        throw reader.refuse(`the algorithm of ${what} is ${algorithm} and not EdDSA (${eddsa})`);
      }
    }],
  ]);
  if (keyIdBytes !== undefined) {
    members.set(kidLabel, () => {
      keyId = reader.bytesOf(keyIdBytes, `the key id of ${what}`);
    });
  }
  reader.map(header, members);
  reader.end(header);
  return keyId;
}

/** Sig_structure (RFC 9052, 4.4), written by hand: it is made for each verification. */
function toBeSigned(protectedHeader: Uint8Array, externalAad: Uint8Array, payload: Uint8Array): Uint8Array {
  return Buffer.concat([context, byteHead(protectedHeader.length), protectedHeader, byteHead(externalAad.length), externalAad, byteHead(payload.length), payload]);
}

/** The head of a byte string of up to 65535 bytes. */
function byteHead(length: number): Uint8Array {
  if (length < 24) {
    return Buffer.from([0x40 | length]);
  }
  return length < 256 ? Buffer.from([0x58, length]) : Buffer.from([0x59, length >> 8, length & 255]);
}
