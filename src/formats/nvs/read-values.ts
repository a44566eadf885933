import type { Damage, DamageKind } from './damage.ts';
import {
  chunkType, integerNames, integerTypes, noChunk, otherChunks, stringType, wholeBlobType, widthOf,
  type IntegerType, type NvsEntry, type NvsValue,
} from './layout.ts';
import type { Item } from './read-pages.ts';

/** Values under their names, from items in the order in which they were written. */
export function entriesOf(items: readonly Item[], damages: Damage[]): NvsEntry[] {
  const damaged = (kind: DamageKind, { page, entry }: Item, detail: string) => damages.push({ kind, page, entry, detail });
  const namespaces = readNamespaces(items.filter(({ namespace }) => namespace === 0), damaged);
  const values = items.filter(({ namespace, type }) => namespace !== 0 && type !== chunkType);
  const chunks = new Map<string, Item>();
  for (const item of items.filter(({ namespace, type }) => namespace !== 0 && type === chunkType)) {
    const name = chunkName(item, item.chunk);
    if (chunks.has(name)) damaged('blob', item, `Chunk ${item.chunk} of ${item.key} is there twice.`);
    chunks.set(name, item);
  }
  const current = withoutReplaced(values, damaged);
  const entries: NvsEntry[] = [];
  for (const item of values) {
    // Also of a blob that is replaced, so that its chunks are accounted for.
    const value = valueOf(item, chunks, damaged);
    if (!current.has(item)) {
      continue;
    }
    const namespace = namespaces.get(item.namespace);
    if (namespace === undefined) {
      damaged('namespace', item, `${item.key} is in namespace ${item.namespace}, which is not defined.`);
    } else if (value !== undefined) {
      entries.push({ namespace, key: item.key, ...value });
    }
  }
  for (const item of chunks.values()) {
    damaged('blob', item, `Chunk ${item.chunk} of ${item.key} belongs to no blob.`);
  }
  return entries;
}

type ReportItem = (kind: DamageKind, item: Item, detail: string) => void;

function readNamespaces(items: readonly Item[], damaged: ReportItem): Map<number, string> {
  const namespaces = new Map<number, string>();
  for (const item of items) {
    const index = item.data[0]!;
    if (item.type !== integerTypes.u8 || index === 0 || index === noChunk) {
      damaged('namespace', item, 'The entry is no definition of a namespace.');
    } else if (namespaces.has(index) || [...namespaces.values()].includes(item.key)) {
      damaged('namespace', item, `The namespace ${item.key} is defined twice.`);
    } else {
      namespaces.set(index, item.key);
    }
  }
  return namespaces;
}

/**
 * A device writes the new value and then erases the old one, so the newest of all values may be there twice. Older
 * versions of ESP-IDF keep values of different types under one key.
 */
function withoutReplaced(values: readonly Item[], damaged: ReportItem): ReadonlySet<Item> {
  const current = new Map<string, Item>();
  for (const item of values) {
    const name = `${item.namespace} ${item.type} ${item.key}`;
    if (current.has(name) && item !== values.at(-1)) damaged('duplicate_key', item, `${item.key} is there twice.`);
    current.set(name, item);
  }
  return new Set(current.values());
}

function valueOf(item: Item, chunks: Map<string, Item>, damaged: ReportItem): NvsValue | undefined {
  const { type, data, content } = item;
  const integer = integerNames.get(type);
  if (integer !== undefined) {
    return { type: integer, value: integerOf(data, integer) };
  }
  if (type === stringType) {
    return { type: 'string', value: content!.toString('utf8', 0, content!.length - 1) };
  }
  if (type === wholeBlobType) {
    return { type: 'blob', value: Uint8Array.from(content!) };
  }
  return blobOf(item, chunks, damaged);
}

function integerOf(data: Buffer, type: IntegerType): bigint {
  const bits = 8 * widthOf(type);
  const value = data.readBigUInt64LE();
  return type.startsWith('i') ? BigInt.asIntN(bits, value) : BigInt.asUintN(bits, value);
}

/** Takes the blob's chunks out of `chunks`. */
function blobOf(index: Item, chunks: Map<string, Item>, damaged: ReportItem): NvsValue | undefined {
  const [size, count, first] = [index.data.readUInt32LE(), index.data[4]!, index.data[5]!];
  if (first !== 0 && first !== otherChunks) {
    damaged('blob', index, `The chunks of ${index.key} begin at ${first}.`);
    return undefined;
  }
  const parts: Buffer[] = [];
  for (let chunk = first; chunk < first + count; chunk += 1) {
    const name = chunkName(index, chunk);
    const found = chunks.get(name);
    if (found === undefined) {
      damaged('blob', index, `Chunk ${chunk} of ${index.key} is missing.`);
    } else {
      parts.push(found.content!);
      chunks.delete(name);
    }
  }
  const value = Uint8Array.from(Buffer.concat(parts));
  if (parts.length === count && value.length !== size) {
    damaged('blob', index, `${index.key} has ${value.length} bytes and should have ${size}.`);
  }
  return parts.length === count && value.length === size ? { type: 'blob', value } : undefined;
}

function chunkName({ namespace, key }: Item, chunk: number): string {
  return `${namespace} ${chunk} ${key}`;
}
