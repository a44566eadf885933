import { Buffer } from 'node:buffer';
import { LatchkeyError } from '../domain/errors.ts';

/** What a record's type is the name of (NDEF specification, 3.2.6), in the order of its numbers. */
const kinds = ['empty', 'well-known', 'media', 'absolute-uri', 'external', 'unknown'] as const;

/** A record of an NDEF message (NFC Forum, NFC Data Exchange Format). */
export interface NdefRecord {
  readonly kind: (typeof kinds)[number];
  /** ASCII of at most 255 characters: `application/vnd.wfa.wsc` of a `media` record, `U` of a `well-known` one; empty for `empty` and `unknown`. */
  readonly type: string;
  /** At most 255 bytes; undefined if it has none. */
  readonly id?: Uint8Array | undefined;
  readonly payload: Uint8Array;
}

/** More than any tag has that we write, and no more than a length field of a Type 4 tag counts. */
const mostBytes = 0xfffe;
const mostRecords = 64;
const shortPayload = 255;

const flag = { begin: 0x80, end: 0x40, chunk: 0x20, short: 0x10, id: 0x08 } as const;

/** The message's bytes; payloads of up to 255 bytes as short records. Errors: `invalid_input`. */
export function encodeNdef(records: readonly NdefRecord[]): Uint8Array {
  if (records.length === 0 || records.length > mostRecords) {
    throw new LatchkeyError('invalid_input', `An NDEF message has 1 to ${mostRecords} records here.`);
  }
  const message = Buffer.concat(records.map((record, index) => encodeRecord(record, index === 0, index === records.length - 1)));
  if (message.length > mostBytes) {
    throw new LatchkeyError('invalid_input', `An NDEF message has at most ${mostBytes} bytes; this one has ${message.length}.`);
  }
  return message;
}

function encodeRecord({ kind, type, id, payload }: NdefRecord, begins: boolean, ends: boolean): Buffer {
  checkRecord({ kind, type, id, payload });
  const short = payload.length <= shortPayload;
  const header = Buffer.alloc(short ? 3 : 6);
  header[0] =
    kinds.indexOf(kind) | (begins ? flag.begin : 0) | (ends ? flag.end : 0) | (short ? flag.short : 0) | (id === undefined ? 0 : flag.id);
  header[1] = type.length;
  if (short) {
    header[2] = payload.length;
  } else {
    header.writeUInt32BE(payload.length, 2);
  }
  return Buffer.concat([header, ...(id === undefined ? [] : [Buffer.of(id.length)]), Buffer.from(type, 'latin1'), id ?? Buffer.alloc(0), payload]);
}

/** NDEF specification, 3.2.6 and 3.2.9: which kinds have a type, and what it is made of. */
function checkRecord({ kind, type, id, payload }: NdefRecord): void {
  const untyped = kind === 'empty' || kind === 'unknown';
  if (untyped ? type !== '' : !/^[\x21-\x7e]{1,255}$/.test(type)) {
    throw malformed('the type of a record is not one');
  }
  if (kind === 'empty' && (payload.length > 0 || id !== undefined)) {
    throw malformed('an empty record has something in it');
  }
  if (id !== undefined && id.length > 255) {
    throw malformed('the id of a record is too long');
  }
}

function malformed(why: string): LatchkeyError {
  return new LatchkeyError('invalid_input', `This is no NDEF message: ${why}.`);
}
