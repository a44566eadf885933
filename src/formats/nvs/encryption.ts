import { createCipheriv, createDecipheriv } from 'node:crypto';
import { LatchkeyError } from '../../domain/errors.ts';
import { entriesPerPage, entryOffset, entrySize, entryState, entryStates, nvsCrc, pageSize } from './layout.ts';

/** The two keys of XTS-AES-256 (IEEE 1619), that for data and that for tweaks, 32 bytes each. */
export type NvsKeys = Uint8Array & { readonly nvsKeys: unique symbol };

const keysBytes = 64;
const cipher = 'aes-256-xts';

/** 64 random bytes as keys. Errors: `invalid_input` if both halves are the same, with which XTS is not safe. */
export function nvsKeysFrom(bytes: Uint8Array): NvsKeys {
  const half = keysBytes / 2;
  if (bytes.length !== keysBytes) {
    throw new LatchkeyError('invalid_input', `The keys of an encrypted NVS partition have ${keysBytes} bytes, not ${bytes.length}.`);
  }
  if (Buffer.compare(bytes.subarray(0, half), bytes.subarray(half)) === 0) {
    throw new LatchkeyError('invalid_input', 'The two keys of an encrypted NVS partition are the same.');
  }
  return bytes as NvsKeys;
}

/** The key partition of ESP-IDF ("NVS Encryption"): both keys, their checksum, and 0xFF to the end of a page. */
export function writeKeyPartition(keys: NvsKeys): Uint8Array {
  const partition = Buffer.alloc(pageSize, 0xff);
  partition.set(keys);
  partition.writeUInt32LE(nvsCrc(keys), keysBytes);
  return partition;
}

/** The keys in a key partition. Errors: `invalid_input` if it is none, `image_damaged` if it is not whole. */
export function readKeyPartition(partition: Uint8Array): NvsKeys {
  if (partition.length === 0 || partition.length % pageSize !== 0) {
    throw new LatchkeyError('invalid_input', `An NVS key partition has a multiple of ${pageSize} bytes, not ${partition.length}.`);
  }
  if (partition.every((byte) => byte === 0xff)) {
    throw new LatchkeyError('invalid_input', 'This NVS key partition is empty: it holds no keys yet.');
  }
  const bytes = Buffer.from(partition);
  const behind = keysBytes + 4;
  if (bytes.readUInt32LE(keysBytes) !== nvsCrc(bytes.subarray(0, keysBytes)) || bytes.subarray(behind).some((byte) => byte !== 0xff)) {
    throw new LatchkeyError('image_damaged', 'This is no NVS key partition, or it is damaged: its checksum does not hold.');
  }
  return nvsKeysFrom(bytes.subarray(0, keysBytes));
}

/** Encrypts what is written in an image, in place. */
export function encryptEntries(image: Uint8Array, keys: NvsKeys): void {
  eachWritten(image, (entry, tweak) => entry.set(createCipheriv(cipher, keys, tweak).update(entry)));
}

/** Decrypts what is written in an image, in place. */
export function decryptEntries(image: Uint8Array, keys: NvsKeys): void {
  eachWritten(image, (entry, tweak) => entry.set(createDecipheriv(cipher, keys, tweak).update(entry)));
}

/** Every entry is a data unit of its own, numbered by its address in the partition; what is not written is left alone. */
function eachWritten(image: Uint8Array, apply: (entry: Uint8Array, tweak: Uint8Array) => void): void {
  const tweak = Buffer.alloc(16);
  for (let base = 0; base + pageSize <= image.length; base += pageSize) {
    const page = image.subarray(base, base + pageSize);
    for (let entry = 0; entry < entriesPerPage; entry += 1) {
      if (entryState(page, entry) === entryStates.written) {
        const offset = entryOffset(entry);
        tweak.writeUInt32LE(base + offset);
        apply(page.subarray(offset, offset + entrySize), tweak);
      }
    }
  }
}
