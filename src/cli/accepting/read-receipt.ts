import { asSentence } from '../../domain/shown-text.ts';
import { LatchkeyError } from '../../domain/errors.ts';
import type { CodeReceipt } from '../../domain/credit-code.ts';
import { parseReceiptText, readReceipt, verifyReceipt } from '../../protocol/code-receipt.ts';
import { ed25519Public } from '../../protocol/ed25519.ts';
import { localProfile, roleDestinationName, type RoleFlags } from '../destination.ts';
import { readInput } from '../input-file.ts';
import { isRegistryHere } from '../local-registry.ts';
import { openCodes, type Opening } from '../open-role.ts';
import { KnownRegisters } from './known-registers.ts';
import { receiptKeyOf } from './open-acceptances.ts';

export interface ReadReceipt {
  readonly signed: Uint8Array;
  readonly receipt: CodeReceipt;
  /** Why the signature was not checked, in a sentence; undefined if it was, and is right. */
  readonly unchecked: string | undefined;
}

const mostBytes = 4096;

/**
 * A receipt in a file, or `-`, checked by the register's key, if this machine is that register, or by what its server knows
 * of it. Errors: `receipt_malformed`, `receipt_signature_invalid`, those of reading a file.
 */
export async function readReceiptFile(path: string, flags: RoleFlags, opening: Opening, signal: AbortSignal): Promise<ReadReceipt> {
  let text = '';
  for await (const piece of readInput(path, 'FILE', { signal })) {
    text += Buffer.from(piece).toString('latin1');
    if (text.length > mostBytes) break;
  }
  const signed = parseReceiptText(text.replace(/[\r\n]+$/, ''));
  const { registerId } = readReceipt(signed);
  const own = await ownKey(registerId, flags, opening);
  const keys = own === undefined ? await registeredKeys(registerId, flags, opening) : [own];
  if (typeof keys === 'string') {
    return { signed, receipt: readReceipt(signed), unchecked: keys };
  }
  return { signed, receipt: verifyByOne(signed, keys), unchecked: undefined };
}

/** Where this machine is the register. */
async function ownKey(registerId: string, flags: RoleFlags, opening: Opening): Promise<Uint8Array | undefined> {
  const register = new KnownRegisters().recall(roleDestinationName('pos', flags));
  if (register?.id !== registerId) {
    return undefined;
  }
  try {
    return (await receiptKeyOf(register, opening)).publicKey;
  } catch (error) {
    if (error instanceof LatchkeyError && error.code === 'secret_not_found') {
      return undefined;
    }
    throw error;
  }
}

/** As the server has them; a sentence where they cannot be had. */
async function registeredKeys(registerId: string, flags: RoleFlags, opening: Opening): Promise<readonly Uint8Array[] | string> {
  if (roleDestinationName('terminal', flags) === localProfile && !isRegistryHere()) {
    return 'There is no server that could be asked.';
  }
  try {
    const keys = await (await openCodes('terminal', flags, opening)).receiptKeys(registerId);
    return keys.length === 0 ? 'The server knows no cash register of that id that signs receipts.' : keys;
  } catch (error) {
    if (!(error instanceof LatchkeyError)) {
      throw error;
    }
    return asSentence(error.message);
  }
}

/** A register may have had several. Errors: `receipt_signature_invalid`, `receipt_malformed`. */
function verifyByOne(signed: Uint8Array, [key, ...more]: readonly Uint8Array[]): CodeReceipt {
  try {
    return verifyReceipt(signed, ed25519Public(key!));
  } catch (error) {
    if (more.length > 0 && error instanceof LatchkeyError && error.code === 'receipt_signature_invalid') {
      return verifyByOne(signed, more);
    }
    throw error;
  }
}
