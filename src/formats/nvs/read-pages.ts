import type { Damage, DamageKind } from './damage.ts';
import {
  bitmapOffset, blobIndexType, chunkType, dataOffset, entriesPerPage, entryCrc, entryCrcOffset, entryOffset,
  entrySize, entryState, entryStates, firstEntryOffset, headerCrc, headerCrcOffset, integerNames, keyBytes,
  keyOffset, nvsCrc, pageSize, pageStates, sequenceOffset, smallestPartition, stringType, versionOffset, versions,
  wholeBlobType, type PageState,
} from './layout.ts';

export interface NvsPage {
  readonly state: PageState;
  readonly sequence: number;
  readonly written: number;
  readonly erased: number;
}

const pageStateNames = Object.keys(pageStates) as PageState[];
const blank = Buffer.alloc(pageSize, 0xff);

/** Where the first byte of a part of a page is that is not 0xFF; -1 if all are. */
function firstWritten(page: Buffer, from: number, end: number): number {
  if (page.compare(blank, 0, end - from, from, end) === 0) {
    return -1;
  }
  return from + page.subarray(from, end).findIndex((byte) => byte !== 0xff);
}

function stateOf(page: Buffer): PageState | undefined {
  const state = page.readUInt32LE();
  return pageStateNames.find((name) => pageStates[name] === state);
}

/** Whether a page of an image begins as one does. */
export function isPage(page: Buffer): boolean {
  return (stateOf(page) ?? 'empty') !== 'empty' || hasValidHeader(page);
}

function hasValidHeader(page: Buffer): boolean {
  return page.readUInt32LE(headerCrcOffset) === headerCrc(page);
}

/** A header with what belongs to it, its checksums right. */
export interface Item {
  readonly page: number;
  readonly entry: number;
  readonly namespace: number;
  readonly type: number;
  readonly chunk: number;
  readonly key: string;
  /** Its last 8 bytes. */
  readonly data: Buffer;
  /** Of a string or blob. */
  readonly content: Buffer | undefined;
}

export interface Page extends NvsPage {
  readonly index: number;
  readonly items: readonly Item[];
  /** Its entries that are written, one behind the other. */
  readonly content: () => Buffer;
}

/** In the order in which they were begun. */
export function readPages(bytes: Buffer, damages: Damage[]): Page[] {
  const pages: Page[] = [];
  for (let index = 0; index * pageSize < bytes.length; index += 1) {
    const page = bytes.subarray(index * pageSize, (index + 1) * pageSize);
    const damaged = (kind: DamageKind, entry: number | undefined, detail: string) => damages.push({ kind, page: index, entry, detail });
    const state = stateOf(page);
    const valid = hasValidHeader(page);
    if (state === 'empty' && !valid) {
      const at = firstWritten(page, 0, pageSize);
      if (at >= 0) damaged('not_erased', at < firstEntryOffset ? undefined : entryAt(at), `The page is empty, and ${where(at)} is not 0xFF.`);
      continue;
    }
    if (state === undefined || state === 'empty') {
      damaged('page', undefined, `The page’s state is 0x${page.readUInt32LE().toString(16).padStart(8, '0')}, which is none.`);
      if (!valid) continue;
    }
    if (!valid) {
      damaged('page', undefined, 'The checksum of the page’s header does not hold.');
    } else if (page[versionOffset] !== versions.chunked && page[versionOffset] !== versions.unchunked) {
      damaged('page', undefined, `The page is of version 0x${page[versionOffset]!.toString(16)}, which is not known.`);
    }
    const states = readBitmap(page, damaged);
    pages.push({
      index,
      state: state === undefined || state === 'empty' ? 'active' : state,
      sequence: page.readUInt32LE(sequenceOffset),
      written: countOf(states, entryStates.written),
      erased: countOf(states, entryStates.erased),
      items: readItems(page, states, index, damaged),
      content: () => Buffer.concat(states.flatMap((entry, at) => (entry === entryStates.written ? page.subarray(entryOffset(at), entryOffset(at + 1)) : []))),
    });
  }
  return pages.sort((a, b) => a.sequence - b.sequence);
}

function countOf(states: readonly number[], state: number): number {
  return states.reduce((count, entry) => (entry === state ? count + 1 : count), 0);
}

type Report = (kind: DamageKind, entry: number | undefined, detail: string) => void;

function entryAt(offset: number): number {
  return Math.floor((offset - firstEntryOffset) / entrySize);
}

function where(offset: number): string {
  return `the byte at 0x${offset.toString(16)} of the page`;
}

function readBitmap(page: Buffer, damaged: Report): number[] {
  const states = Array.from({ length: entriesPerPage }, (_, entry) => entryState(page, entry));
  const firstEmpty = states.indexOf(entryStates.empty);
  states.forEach((state, entry) => {
    if (state === 0b01) {
      damaged('bitmap', entry, 'The entry’s state in the bitmap is none.');
    } else if (state === entryStates.empty) {
      const at = firstWritten(page, entryOffset(entry), entryOffset(entry + 1));
      if (at >= 0) damaged('not_erased', entry, `The entry is not used, and ${where(at)} is not 0xFF.`);
    } else if (firstEmpty >= 0 && entry > firstEmpty) {
      damaged('bitmap', entry, `The entry is used, and entry ${firstEmpty} before it is not.`);
    } else if (state === entryStates.erased && states[entry - 1] !== state && firstWritten(page, entryOffset(entry), entryOffset(entry + 1)) < 0) {
      // Values may hold 0xFF, but not the header that they begin with.
      damaged('bitmap', entry, 'The entry was deleted, and nothing was ever written into it.');
    }
  });
  // The bitmap has room for two entries more than the page.
  if (page[bitmapOffset + (entriesPerPage >> 2)]! >> 4 !== 0xf) {
    damaged('bitmap', undefined, 'The bitmap says something of entries that there are not.');
  }
  return states;
}

function readItems(page: Buffer, states: readonly number[], index: number, damaged: Report): Item[] {
  const items: Item[] = [];
  // Behind a header that cannot be read is its data, which is no header either.
  let lost = false;
  for (let entry = 0; entry < entriesPerPage;) {
    if (states[entry] !== entryStates.written) {
      lost = false;
      entry += 1;
      continue;
    }
    const header = page.subarray(entryOffset(entry), entryOffset(entry + 1));
    if (header.readUInt32LE(entryCrcOffset) !== entryCrc(header)) {
      if (!lost) damaged('entry', entry, 'The checksum of the entry does not hold.');
      lost = true;
      entry += 1;
      continue;
    }
    lost = false;
    const span = header[2]!;
    const problem = problemOf(header, span, states.slice(entry, entry + span));
    if (problem !== undefined) {
      damaged(problem.kind, entry, problem.detail);
      entry += 1;
      continue;
    }
    const item = itemOf(page, header, index, entry, damaged);
    if (item !== undefined) items.push(item);
    entry += span;
  }
  return items;
}

function hasContent(type: number): boolean {
  return type === stringType || type === wholeBlobType || type === chunkType;
}

/** What makes a header, although its checksum holds, one that nothing can be read by. */
function problemOf(header: Buffer, span: number, states: readonly number[]): { kind: DamageKind; detail: string } | undefined {
  const type = header[1]!;
  if (!integerNames.has(type) && type !== blobIndexType && !hasContent(type)) {
    return { kind: 'entry', detail: `The entry is of type 0x${type.toString(16)}, which is not known.` };
  }
  const size = header.readUInt16LE(dataOffset);
  if (span !== (hasContent(type) ? 1 + Math.ceil(size / entrySize) : 1) || states.length !== span) {
    return { kind: 'entry', detail: `The entry spans ${span} entries, which its value does not.` };
  }
  if (states.some((state) => state !== entryStates.written)) {
    return { kind: 'bitmap', detail: 'Not all entries of the value are written.' };
  }
  const key = header.subarray(keyOffset, keyOffset + keyBytes);
  if (key[0] === 0 || !key.includes(0)) {
    return { kind: 'entry', detail: 'The entry’s key is empty or has no end.' };
  }
  return undefined;
}

function itemOf(page: Buffer, header: Buffer, index: number, entry: number, damaged: Report): Item | undefined {
  const type = header[1]!;
  const data = header.subarray(dataOffset);
  let content: Buffer | undefined;
  if (hasContent(type)) {
    const from = entryOffset(entry + 1);
    const end = from + data.readUInt16LE();
    content = page.subarray(from, end);
    const at = firstWritten(page, end, entryOffset(entry + header[2]!));
    if (at >= 0) damaged('not_erased', entryAt(at), `Behind the end of the value, ${where(at)} is not 0xFF.`);
    if (nvsCrc(content) !== data.readUInt32LE(4)) {
      damaged('data', entry, 'The checksum of the value does not hold.');
      return undefined;
    }
    if (type === stringType && content.indexOf(0) !== content.length - 1) {
      damaged('data', entry, 'The string does not end where its entry says.');
      return undefined;
    }
  }
  const key = header.subarray(keyOffset, keyOffset + keyBytes);
  return { page: index, entry, namespace: header[0]!, type, chunk: header[3]!, key: key.toString('utf8', 0, key.indexOf(0)), data, content };
}

/**
 * What a device would find after a power cut while it moved a page's entries to make room: it begins the move again
 * from the page that it was freeing, and so do we. The newest page then holds the first of the same entries.
 */
export function withoutCopy(pages: readonly Page[], damages: Damage[]): readonly Page[] {
  const freeing = pages.find(({ state }) => state === 'freeing');
  const newest = pages.at(-1);
  if (freeing === undefined || newest === undefined || newest === freeing || newest.state !== 'active') {
    return pages;
  }
  const copied = newest.content();
  if (!freeing.content().subarray(0, copied.length).equals(copied)) {
    damages.push({ kind: 'page', page: freeing.index, entry: undefined, detail: 'The page is being freed, and the newest page is no copy of it.' });
    return pages;
  }
  return pages.filter((page) => page !== newest);
}

export function checkPages(pages: readonly Page[], count: number, damages: Damage[]): void {
  const damaged = (page: number | undefined, detail: string) => damages.push({ kind: 'page', page, entry: undefined, detail });
  const empty = count - pages.length;
  const active = pages.filter(({ state }) => state === 'active');
  const freeing = pages.filter(({ state }) => state === 'freeing');
  const twice = pages.find(({ sequence }, index) => pages[index + 1]?.sequence === sequence);
  if (twice !== undefined) {
    damaged(twice.index, `Two pages have the sequence number ${twice.sequence}.`);
  }
  if (freeing.length > 1) {
    damaged(freeing[1]!.index, 'Two pages are being freed.');
  }
  if (freeing.length === 1 && empty > 1) {
    damaged(freeing[0]!.index, `The page is being freed, although ${empty} pages are empty.`);
  }
  if (active.length > 1) {
    damaged(active[0]!.index, 'Two pages are active.');
  }
  if (active.length === 0 && freeing.length === 0) {
    damaged(pages.at(-1)?.index, 'No page is active.');
  }
  if (active.length === 1 && active[0] !== pages.at(-1)) {
    damaged(active[0]!.index, 'The active page is not the newest one.');
  }
  if (empty === 0 && freeing.length === 0 && count * pageSize >= smallestPartition) {
    damaged(undefined, 'No page is empty: one always is.');
  }
}
