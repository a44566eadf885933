import { LatchkeyError } from '../../domain/errors.ts';
import type { Damage } from './damage.ts';
import { decryptEntries, type NvsKeys } from './encryption.ts';
import { pageSize, type NvsEntry } from './layout.ts';
import { checkPages, isPage, readPages, withoutCopy, type NvsPage } from './read-pages.ts';
import { entriesOf } from './read-values.ts';

export interface NvsReading {
  /** In the order in which they were written. Of what is damaged, what can be read. */
  readonly entries: readonly NvsEntry[];
  readonly damages: readonly Damage[];
  /** Those that are not empty, in the order in which they were begun. */
  readonly pages: readonly NvsPage[];
  /**
   * Entries that were deleted or replaced: only a device that has run does that. Of an image as it was made, where
   * there can be none, this and `damages` together show every byte that has changed.
   */
  readonly erased: number;
}

/**
 * Everything in an NVS partition, as a generator made it or as a device left it, and every check that the format
 * allows: deleted entries, pages in any order, and a replacement or a move to another page that a power cut ended in
 * the middle are as they may be. Bytes that only a power cut in the middle of one write explains are damages, for
 * ESP-IDF drops them, too. Errors: `invalid_input` if it is no NVS partition, or not one that these keys open;
 * `check_failed` if it is empty.
 */
export function readNvs(image: Uint8Array, keys?: NvsKeys): NvsReading {
  const bytes = Buffer.from(image);
  checkShape(bytes);
  if (keys !== undefined) {
    decryptEntries(bytes, keys);
  }
  const damages: Damage[] = [];
  const pages = readPages(bytes, damages);
  const written = pages.reduce((sum, page) => sum + page.written, 0);
  if (written > 0 && pages.every(({ items }) => items.length === 0)) {
    throw keys === undefined
      ? new LatchkeyError('invalid_input', 'No entry of this NVS partition can be read: it is encrypted, or damaged all over.', { hint: 'Give its key partition with --keys.' })
      : new LatchkeyError('invalid_input', 'These keys do not open this NVS partition.', { hint: 'Give the key partition that belongs to it with --keys, or none if it is not encrypted.' });
  }
  const live = withoutCopy(pages, damages);
  checkPages(pages, bytes.length / pageSize, damages);
  return {
    entries: entriesOf(live.flatMap(({ items }) => items), damages),
    damages: damages.sort((a, b) => (a.page ?? -1) - (b.page ?? -1) || (a.entry ?? -1) - (b.entry ?? -1)),
    pages: pages.map(({ state, sequence, written, erased }) => ({ state, sequence, written, erased })),
    erased: pages.reduce((sum, page) => sum + page.erased, 0),
  };
}

function checkShape(bytes: Buffer): void {
  if (bytes.length === 0) {
    throw new LatchkeyError('invalid_input', 'This file is empty: it has no bytes.');
  }
  if (bytes.length % pageSize !== 0) {
    throw new LatchkeyError('invalid_input', `An NVS partition has a multiple of ${pageSize} bytes, not ${bytes.length}: this is none, or a part of one.`);
  }
  if (bytes.every((byte) => byte === 0xff)) {
    throw new LatchkeyError('check_failed', 'This NVS partition is empty: nothing was ever written into it.', { hint: 'Flash the device, or read another address.' });
  }
  const pages = Array.from({ length: bytes.length / pageSize }, (_, index) => bytes.subarray(index * pageSize, (index + 1) * pageSize));
  if (!pages.some(isPage)) {
    throw new LatchkeyError('invalid_input', 'This is no NVS partition: no page of it begins as one.', { hint: 'Check the address and size that were read.' });
  }
}
