import type { NdefRecord } from '../../src/formats/ndef.ts';

const kinds = ['empty', 'well-known', 'media', 'absolute-uri', 'external', 'unknown'] as const;

/** The records of a whole NDEF message, which are in no chunks (NFC Forum, NFC Data Exchange Format, 3.2). */
export function readNdef(bytes: Uint8Array): NdefRecord[] {
  const message = Buffer.from(bytes);
  const records: NdefRecord[] = [];
  for (let at = 0; at < message.length; ) {
    const take = (length: number) => {
      if (at + length > message.length) throw new Error('the message ends too soon');
      at += length;
      return message.subarray(at - length, at);
    };
    const begins = at === 0;
    const flags = take(1)[0]!;
    const kind = kinds[flags & 0x07];
    if (kind === undefined || (flags & 0x20) !== 0 || (flags & 0x80) !== (begins ? 0x80 : 0)) throw new Error(`a record begins with ${flags}`);
    const typeLength = take(1)[0]!;
    const payloadLength = (flags & 0x10) !== 0 ? take(1)[0]! : take(4).readUInt32BE();
    const idLength = (flags & 0x08) !== 0 ? take(1)[0]! : undefined;
    const type = take(typeLength).toString('latin1');
    const id = idLength === undefined ? {} : { id: Uint8Array.from(take(idLength)) };
    records.push({ kind, type, ...id, payload: Uint8Array.from(take(payloadLength)) });
    if (((flags & 0x40) !== 0) !== (at === message.length)) throw new Error('the end is not marked, or in the wrong place');
  }
  return records;
}
