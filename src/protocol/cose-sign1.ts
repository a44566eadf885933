import { Buffer } from 'node:buffer';
import { sign, verify, type KeyObject } from 'node:crypto';
import { CborReader } from './cbor-reader.ts';
import { bytes, bytesHead, integer, list, listHead, map, tagged as withTag, text } from './cbor-writer.ts';

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
/** How what is signed begins: a list of four, of which the first says what for. */
const context = Buffer.concat([listHead(4), text('Signature1')]);

export interface Signing {
  readonly payload: Uint8Array;
  readonly keyId: Uint8Array | undefined;
  /** What is signed with it and not in it. */
  readonly externalAad: Uint8Array;
  readonly privateKey: KeyObject;
}

export function writeSign1({ payload, keyId, externalAad, privateKey }: Signing, { tagged }: Pick<Sign1Form, 'tagged'>): Uint8Array {
  const protectedHeader = map([[algLabel, integer(eddsa)], ...(keyId === undefined ? [] : [[kidLabel, bytes(keyId)] as const])]);
  const signature = sign(null, toBeSigned(protectedHeader, externalAad, payload), privateKey);
  const message = list([bytes(protectedHeader), map([]), bytes(payload), bytes(signature)]);
  return tagged ? withTag(sign1Tag, message) : message;
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

/** Sig_structure (RFC 9052, 4.4), copied once: each code that is accepted has two. */
function toBeSigned(protectedHeader: Uint8Array, externalAad: Uint8Array, payload: Uint8Array): Uint8Array {
  return Buffer.concat([
    context,
    bytesHead(protectedHeader.length), protectedHeader,
    bytesHead(externalAad.length), externalAad,
    bytesHead(payload.length), payload,
  ]);
}
