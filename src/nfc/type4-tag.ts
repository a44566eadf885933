import { Buffer } from 'node:buffer';
import { LatchkeyError } from '../domain/errors.ts';
import { mostCommandData, statusText, statusWord } from '../protocol/apdu.ts';
import { exchange, type Card } from '../protocol/card.ts';

/** NFC Forum, Type 4 Tag specification: the application and its capability container. */
const application = Buffer.from('d2760000850101', 'hex');
const containerFile = 0xe103;
const containerBytes = 15;
const lengthBytes = 2;
/** An offset has 15 bits in READ BINARY and UPDATE BINARY (ISO/IEC 7816-4, 11.3.3). */
const mostOffset = 0x7fff;

/** What the tag says of its NDEF file (Type 4 Tag specification, capability container). */
interface NdefFile {
  readonly id: number;
  /** With the two bytes of the message's length. */
  readonly size: number;
  readonly mostRead: number;
  readonly mostWritten: number;
  readonly isWritable: boolean;
}

/**
 * Puts a message onto a Type 4 tag in place of what it has, and reads it back. Its length is made 0 first and is written
 * last: a tag that is taken away in the middle is empty, and not wrong. Errors: `tag_unsuitable` if the card is no such
 * tag, is too small, may not be written, or does not keep what was written; those of the card's `transmit`.
 */
export async function writeType4Tag(card: Card, message: Uint8Array): Promise<void> {
  const file = await opened(card);
  if (file === undefined) {
    throw unsuitable('it is no NFC Forum Type 4 tag');
  }
  if (!file.isWritable) {
    throw unsuitable('it is write-protected');
  }
  const room = Math.min(file.size, mostOffset) - lengthBytes;
  if (message.length > room) {
    throw unsuitable(`it has room for ${room} bytes, and these are ${message.length}`);
  }
  await update(card, 0, uint16(0));
  for (let at = 0; at < message.length; at += file.mostWritten) {
    await update(card, lengthBytes + at, message.subarray(at, at + file.mostWritten));
  }
  await update(card, 0, uint16(message.length));
  if (Buffer.compare(await readMessage(card, file), message) !== 0) {
    throw unsuitable('it does not keep what is written');
  }
}

async function opened(card: Card): Promise<NdefFile | undefined> {
  const { status } = await exchange(card, { cla: 0, ins: 0xa4, p1: 4, data: application });
  if (status !== statusWord.done) {
    return undefined;
  }
  await selectFile(card, containerFile);
  const file = ndefFile(await readBinary(card, 0, containerBytes));
  await selectFile(card, file.id);
  return file;
}

/** Version 2 and 3 of the mapping, whose first entry is the NDEF file's. */
function ndefFile(container: Buffer): NdefFile {
  const [mapping, type, length] = [container[2]!, container[7]!, container[8]!];
  const file = {
    id: container.readUInt16BE(9),
    size: container.readUInt16BE(11),
    mostRead: Math.min(container.readUInt16BE(3), mostCommandData),
    mostWritten: Math.min(container.readUInt16BE(5), mostCommandData),
    isWritable: container[14] === 0,
  };
  const isReserved = [0, 0xe102, containerFile, 0x3f00, 0x3fff, 0xffff].includes(file.id);
  if (container.readUInt16BE(0) < containerBytes || ![2, 3].includes(mapping >> 4) || type !== 4 || length !== 6 || isReserved) {
    throw unsuitable('what it says of itself makes no sense');
  }
  // The length is written at once, or the tag might be wrong in between.
  if (file.size < 5 || file.mostRead < containerBytes || file.mostWritten < lengthBytes) {
    throw unsuitable('it has no room');
  }
  if (container[13] !== 0) {
    throw unsuitable('it may not be read');
  }
  return file;
}

async function readMessage(card: Card, { size, mostRead }: NdefFile): Promise<Buffer> {
  const length = (await readBinary(card, 0, lengthBytes)).readUInt16BE();
  if (length > Math.min(size, mostOffset) - lengthBytes) {
    throw unsuitable('its message is longer than itself');
  }
  const parts: Buffer[] = [];
  for (let at = 0; at < length; at += mostRead) {
    parts.push(await readBinary(card, lengthBytes + at, Math.min(mostRead, length - at)));
  }
  return Buffer.concat(parts);
}

async function selectFile(card: Card, id: number): Promise<void> {
  // P2 0C: no answer but the status.
  const { status } = await exchange(card, { cla: 0, ins: 0xa4, p1: 0, p2: 0x0c, data: uint16(id), le: undefined });
  accept(status);
}

async function readBinary(card: Card, offset: number, length: number): Promise<Buffer> {
  const { data, status } = await exchange(card, { cla: 0, ins: 0xb0, p1: offset >> 8, p2: offset & 0xff, le: length });
  accept(status);
  if (data.length !== length) {
    throw unsuitable('it gives other bytes than it is asked for');
  }
  return Buffer.from(data);
}

async function update(card: Card, offset: number, data: Uint8Array): Promise<void> {
  const { status } = await exchange(card, { cla: 0, ins: 0xd6, p1: offset >> 8, p2: offset & 0xff, data, le: undefined });
  accept(status);
}

function accept(status: number): void {
  if (status !== statusWord.done) {
    throw unsuitable(`it answers ${statusText(status)}`);
  }
}

function uint16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value);
  return bytes;
}

function unsuitable(why: string): LatchkeyError {
  return new LatchkeyError('tag_unsuitable', `This tag cannot be used: ${why}.`);
}
