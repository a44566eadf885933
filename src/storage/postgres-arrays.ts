import { Buffer } from 'node:buffer';

/** How a type's values lie in an array, in PostgreSQL's binary format (its functions `array_send`, `uuid_send` …). */
interface Element {
  /** Its number in `pg_type`, which is the same in every server. */
  readonly oid: number;
  /** In bytes. */
  readonly length: (value: never) => number;
  readonly write: (value: never, into: Buffer, at: number) => unknown;
}

function element<T>(oid: number, length: (value: T) => number, write: (value: T, into: Buffer, at: number) => unknown): Element {
  return { oid, length, write };
}

/** Times count from 2000-01-01, in microseconds. */
const epochMs = Date.UTC(2000, 0, 1);

/** By the names that `format_type` has for them: the types of columns that there are. */
const elements = {
  'text': element<string>(25, (text) => Buffer.byteLength(text), (text, into, at) => into.write(text, at)),
  'uuid': element<string>(2950, () => 16, (uuid, into, at) => into.write(uuid.replaceAll('-', ''), at, 'hex')),
  'bytea': element<Uint8Array>(17, (bytes) => bytes.length, (bytes, into, at) => into.set(bytes, at)),
  'boolean': element<boolean>(16, () => 1, (flag, into, at) => into.writeUInt8(Number(flag), at)),
  'bigint': element<bigint | number>(20, () => 8, (number, into, at) => into.writeBigInt64BE(BigInt(number), at)),
  'integer': element<number>(23, () => 4, (number, into, at) => into.writeInt32BE(number, at)),
  'timestamp with time zone': element<Date>(1184, () => 8, (time, into, at) => into.writeBigInt64BE(BigInt(time.getTime() - epochMs) * 1000n, at)),
};

export type ElementType = keyof typeof elements;

export function isElementType(name: string): name is ElementType {
  return Object.hasOwn(elements, name);
}

const headerLength = 20;
const nullLength = -1;

/**
 * An array of one dimension as a parameter: read and written several times as fast as text. `values`: null, or what the
 * driver gives for a column of that type.
 */
export function binaryArray(type: ElementType, values: readonly unknown[]): Buffer {
  const { oid, length, write } = elements[type] as Element;
  const lengths = values.map((value) => (value === null ? nullLength : length(value as never)));
  const array = Buffer.allocUnsafe(lengths.reduce((sum, bytes) => sum + 4 + Math.max(0, bytes), headerLength));
  const hasNulls = lengths.includes(nullLength);
  [1, Number(hasNulls), oid, values.length, 1].forEach((number, index) => array.writeInt32BE(number, 4 * index));
  let at = headerLength;
  values.forEach((value, index) => {
    const bytes = lengths[index]!;
    at = array.writeInt32BE(bytes, at);
    if (value !== null) write(value as never, array, at);
    at += Math.max(0, bytes);
  });
  return array;
}
