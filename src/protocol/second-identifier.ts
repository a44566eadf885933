import { Buffer } from 'node:buffer';
import { createHmac } from 'node:crypto';
import { mostSsidBytes } from '../domain/heard-network.ts';

/** What a network's name ends with whose place is to be on no map; it stays there. */
const noMap = Buffer.from('_nomap');
const codeLength = 10;
/** RFC 4648 section 6, in lower case. */
const alphabet = 'abcdefghijklmnopqrstuvwxyz234567';

/** For whom the name is, and for what. */
export interface SecondIdentifierOf {
  readonly accountId: string;
  /** The first of the claimed radios in their order. */
  readonly bssid: string;
  readonly challengeId: string;
}

/**
 * The name that a network has to be given to prove it (protocol.md section 6): the beginning of its own, at most 21 bytes
 * (15 before a `_nomap`), and 10 characters that only the server can make; at most 32 bytes.
 */
export function secondIdentifier(serverKey: Uint8Array, first: Uint8Array, { accountId, bssid, challengeId }: SecondIdentifierOf): Uint8Array {
  const code = createHmac('sha256', serverKey)
    .update(accountId).update('\0').update(Buffer.from(bssid.replaceAll(':', ''), 'hex')).update(challengeId)
    .digest();
  const name = Buffer.from(first);
  const end = name.subarray(-noMap.length).equals(noMap) ? noMap : Buffer.alloc(0);
  const stem = beginning(name.subarray(0, name.length - end.length), mostSsidBytes - 1 - codeLength - end.length);
  return new Uint8Array(Buffer.concat([stem, Buffer.from(`-${base32(code)}`), end]));
}

/** Cut between two characters, or anywhere in what is not UTF-8. */
function beginning(name: Buffer, most: number): Buffer {
  if (name.length <= most) {
    return name;
  }
  let length = most;
  while (isUtf8(name) && isContinuation(name[length]!)) {
    length -= 1;
  }
  return name.subarray(0, length);
}

function isUtf8(bytes: Buffer): boolean {
  return Buffer.from(bytes.toString('utf8')).equals(bytes);
}

function isContinuation(byte: number): boolean {
  return (byte & 0xc0) === 0x80;
}

function base32(bytes: Uint8Array): string {
  let text = '';
  for (let index = 0; index < codeLength; index += 1) {
    const at = index * 5;
    const pair = (bytes[at >> 3]! << 8) | bytes[(at >> 3) + 1]!;
    text += alphabet[(pair >> (11 - (at & 7))) & 31]!;
  }
  return text;
}
