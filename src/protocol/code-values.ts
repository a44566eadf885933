import { Buffer } from 'node:buffer';
import { LatchkeyError } from '../domain/errors.ts';
import { isId } from '../domain/identifiers.ts';
import type { CborReader } from './cbor-reader.ts';
import { bytes, text } from './cbor-writer.ts';
import { base64url, parseBase64url } from './encoding.ts';

/** Values of credit payment codes and their receipts on the wire: ids as the 16 bytes that they are made of, times as seconds. */

const idBytes = 16;
const accountPrefix = 'acc_';
const codePrefix = 'code_';
/** The last second of the year 9999. */
const lastSecond = 253_402_300_799;

/** Whether it is between 1970 and the end of the year 9999. */
export function isInstant(at: Date): boolean {
  const seconds = secondsOf(at);
  return seconds >= 0 && seconds <= lastSecond;
}

/** Whole seconds since 1970; what is left is cut off. */
export function secondsOf(at: Date): number {
  return Math.floor(at.getTime() / 1000);
}

export function readInstant(reader: CborReader, what: string): number {
  const seconds = reader.unsigned(what);
  if (seconds > lastSecond) {
    throw reader.refuse(`${what} is after the year 9999`);
  }
  return seconds;
}

/** Whether it is an account's id that we made, as each one that can be paid has. */
export function isAccountId(id: string): boolean {
  return bytesOf(id, accountPrefix) !== undefined;
}

/** An account's id: as bytes where it is one that we made, and only there, else as text. */
export function writeAccount(id: string): Uint8Array {
  const made = bytesOf(id, accountPrefix);
  return made === undefined ? text(id) : bytes(made);
}

export function readAccount(reader: CborReader, what: string): string {
  if (reader.isBytes(what)) {
    return accountPrefix + base64url(reader.bytesOf(idBytes, what));
  }
  const id = reader.text(what);
  if (!isId(id)) {
    throw reader.refuse(`${what} is no id`);
  }
  if (bytesOf(id, accountPrefix) !== undefined) {
    throw reader.refuse(`${what} is text, where it has to be bytes`);
  }
  return id;
}

/** A token's `cti`: what follows the prefix of its id. Errors: `invalid_input`. */
export function codeIdBytes(id: string): Uint8Array {
  const bytes = bytesOf(id, codePrefix);
  if (bytes === undefined) {
    throw new LatchkeyError('invalid_input', 'This is no id of a credit payment token.');
  }
  return bytes;
}

export function codeIdOf(reader: CborReader, what: string): string {
  return codePrefix + base64url(reader.bytesOf(idBytes, what));
}

function bytesOf(id: string, prefix: string): Buffer | undefined {
  return id.startsWith(prefix) ? parseBase64url(id.slice(prefix.length), idBytes) : undefined;
}
