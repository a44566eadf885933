import { Buffer } from 'node:buffer';

/** Values of the D-Bus types spoken here: s, o, g, y, u, b, arrays, structs and dict entries; a variant is what it holds. */
export type DbusValue = string | number | boolean | readonly DbusValue[];

export interface DbusCall {
  readonly destination: string;
  readonly path: string;
  readonly interface: string;
  readonly member: string;
  readonly signature?: string;
  readonly args?: readonly DbusValue[];
}

export interface DbusMessage {
  readonly type: 'call' | 'return' | 'error' | 'signal';
  readonly replySerial: number | undefined;
  readonly path: string | undefined;
  readonly interface: string | undefined;
  readonly member: string | undefined;
  readonly errorName: string | undefined;
  readonly signature: string;
  /** Decodes the arguments; throws if they are not of the signature that is expected. */
  body(signature: string): readonly DbusValue[];
}

const types = ['call', 'return', 'error', 'signal'] as const;
const protocolVersion = 1;
const fixedLength = 16;
const longestMessage = 16 * 1024 * 1024;
const fields = { path: 1, interface: 2, member: 3, errorName: 4, replySerial: 5, destination: 6, signature: 8 };
const alignments: Readonly<Record<string, number>> = { y: 1, g: 1, v: 1, b: 4, u: 4, s: 4, o: 4, a: 4, '(': 8, '{': 8 };

/** A method call in the wire format of the D-Bus specification, section "Message Protocol", little-endian. */
export function encodeCall(serial: number, call: DbusCall): Buffer {
  const signature = call.signature ?? '';
  const body = new Writer();
  body.writeAll(signature, call.args ?? []);
  const header = new Writer();
  const flags = 0;
  header.writeAll('yyyyuu', ['l'.charCodeAt(0), 1, flags, protocolVersion, body.bytes.length, serial]);
  header.fields([
    [fields.path, 'o', call.path],
    [fields.interface, 's', call.interface],
    [fields.member, 's', call.member],
    [fields.destination, 's', call.destination],
    [fields.signature, 'g', signature],
  ]);
  return Buffer.from([...header.bytes, ...body.bytes]);
}

/** The first message of what has come so far and its length; undefined if it is not yet whole. */
export function decodeMessage(received: Buffer): { message: DbusMessage; length: number } | undefined {
  if (received.length < fixedLength) {
    return undefined;
  }
  const littleEndian = received[0] === 'l'.charCodeAt(0);
  const view = new DataView(received.buffer, received.byteOffset, received.byteLength);
  const bodyLength = view.getUint32(4, littleEndian);
  const bodyStart = Math.ceil((fixedLength + view.getUint32(12, littleEndian)) / 8) * 8;
  const length = bodyStart + bodyLength;
  if (length > longestMessage) {
    throw new RangeError('a D-Bus message is too long');
  }
  if (received.length < length) {
    return undefined;
  }
  const reader = new Reader(received.subarray(0, bodyStart), littleEndian, 12);
  const [pairs] = reader.readAll('a(yv)');
  const byCode = new Map(pairs as readonly (readonly [number, DbusValue])[]);
  const text = (code: number) => {
    const value = byCode.get(code);
    return typeof value === 'string' ? value : undefined;
  };
  const replySerial = byCode.get(fields.replySerial);
  const type = types[received[1]! - 1];
  const signature = text(fields.signature) ?? '';
  const body = Buffer.from(received.subarray(bodyStart, length));
  return {
    length,
    message: {
      // Types yet unknown are to be ignored, as are signals that nobody waits for.
      type: type ?? 'signal',
      replySerial: typeof replySerial === 'number' ? replySerial : undefined,
      path: text(fields.path),
      interface: text(fields.interface),
      member: text(fields.member),
      errorName: text(fields.errorName),
      signature,
      body(expected) {
        if (signature !== expected) {
          throw new TypeError(`a D-Bus message holds ${signature} instead of ${expected}`);
        }
        return new Reader(body, littleEndian, 0).readAll(signature);
      },
    },
  };
}

class Writer {
  readonly bytes: number[] = [];

  writeAll(signature: string, values: readonly DbusValue[]): void {
    let at = 0;
    for (const value of values) {
      const end = endOfType(signature, at);
      this.#write(signature.slice(at, end), value);
      at = end;
    }
    if (at !== signature.length) {
      throw new TypeError(`too few D-Bus arguments for ${signature}`);
    }
  }

  fields(pairs: readonly (readonly [code: number, type: string, value: string])[]): void {
    this.#array(8, pairs, ([code, type, value]) => {
      this.#align(8);
      this.writeAll(`yg${type}`, [code, type, value]);
    });
    this.#align(8);
  }

  #write(type: string, value: DbusValue): void {
    this.#align(alignmentOf(type));
    switch (type[0]) {
      case 'y':
        this.bytes.push(value as number);
        return;
      case 'u':
        this.#uint32(value as number);
        return;
      case 'b':
        this.#uint32(value === true ? 1 : 0);
        return;
      case 's':
      case 'o': {
        const text = Buffer.from(value as string);
        this.#uint32(text.length);
        this.bytes.push(...text, 0);
        return;
      }
      case 'g': {
        const text = Buffer.from(value as string);
        this.bytes.push(text.length, ...text, 0);
        return;
      }
      case 'a': {
        const item = type.slice(1);
        this.#array(alignmentOf(item), value as readonly DbusValue[], (each) => this.#write(item, each));
        return;
      }
      case '(':
      case '{':
        this.writeAll(type.slice(1, -1), value as readonly DbusValue[]);
        return;
      default:
        throw new TypeError(`the D-Bus type ${type} is not written here`);
    }
  }

  #array<T>(alignment: number, items: readonly T[], write: (item: T) => void): void {
    this.#align(4);
    const lengthAt = this.bytes.length;
    this.#uint32(0);
    this.#align(alignment);
    const start = this.bytes.length;
    items.forEach(write);
    const length = this.bytes.length - start;
    for (let byte = 0; byte < 4; byte += 1) {
      this.bytes[lengthAt + byte] = (length >>> (8 * byte)) & 0xff;
    }
  }

  #uint32(value: number): void {
    for (let byte = 0; byte < 4; byte += 1) {
      this.bytes.push((value >>> (8 * byte)) & 0xff);
    }
  }

  #align(to: number): void {
    while (this.bytes.length % to !== 0) {
      this.bytes.push(0);
    }
  }
}

class Reader {
  readonly #bytes: Buffer;
  readonly #view: DataView;
  readonly #littleEndian: boolean;
  #at: number;

  constructor(bytes: Buffer, littleEndian: boolean, at: number) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#littleEndian = littleEndian;
    this.#at = at;
  }

  readAll(signature: string): DbusValue[] {
    const values: DbusValue[] = [];
    for (let at = 0; at < signature.length; ) {
      const end = endOfType(signature, at);
      values.push(this.#read(signature.slice(at, end)));
      at = end;
    }
    return values;
  }

  #read(type: string): DbusValue {
    this.#align(alignmentOf(type));
    switch (type[0]) {
      case 'y':
        return this.#byte();
      case 'u':
        return this.#uint32();
      case 'b':
        return this.#uint32() === 1;
      case 's':
      case 'o':
        return this.#text(this.#uint32());
      case 'g':
        return this.#text(this.#byte());
      case 'v':
        return this.#read(this.#text(this.#byte()));
      case 'a': {
        const item = type.slice(1);
        const length = this.#uint32();
        this.#align(alignmentOf(item));
        const items: DbusValue[] = [];
        for (const end = this.#at + length; this.#at < end; ) {
          items.push(this.#read(item));
        }
        return items;
      }
      default:
        this.#align(8);
        return this.readAll(type.slice(1, -1));
    }
  }

  #text(length: number): string {
    const text = this.#bytes.toString('utf8', this.#at, this.#at + length);
    this.#at += length + 1;
    return text;
  }

  #byte(): number {
    this.#at += 1;
    return this.#view.getUint8(this.#at - 1);
  }

  #uint32(): number {
    this.#at += 4;
    return this.#view.getUint32(this.#at - 4, this.#littleEndian);
  }

  #align(to: number): void {
    this.#at = Math.ceil(this.#at / to) * to;
  }
}

function endOfType(signature: string, start: number): number {
  const kind = signature[start];
  if (kind === 'a') {
    return endOfType(signature, start + 1);
  }
  if (kind === '(' || kind === '{') {
    const close = kind === '(' ? ')' : '}';
    let at = start + 1;
    while (signature[at] !== close) {
      at = endOfType(signature, at);
    }
    return at + 1;
  }
  alignmentOf(kind ?? '');
  return start + 1;
}

function alignmentOf(type: string): number {
  const alignment = alignments[type[0] ?? ''];
  if (alignment === undefined) {
    throw new TypeError(`the D-Bus type ${type} is not spoken here`);
  }
  return alignment;
}
