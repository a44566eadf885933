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
 * A receipt in a file, or `-`, checked by the register's key, if this machine is that register, or by all that its server
 * knows of it. Errors: `receipt_malformed`, `receipt_signature_invalid`, those of reading a file.
 */
export async function readReceiptFile(path: string, flags: RoleFlags, opening: Opening, signal: AbortSignal): Promise<ReadReceipt> {
  let text = '';
  for await (const piece of readInput(path, 'FILE', { signal })) {
    text += Buffer.from(piece).toString('latin1');
    if (text.length > mostBytes) break;
  }
  const signed = parseReceiptText(text.replace(/[\r\n]+$/, ''));
  const receipt = readReceipt(signed);
  const own = await ownKey(receipt.registerId, flags, opening);
  if (own !== undefined && isSignedByOne(signed, [own])) {
    return { signed, receipt, unchecked: undefined };
  }
  const keys = await registeredKeys(receipt.registerId, flags, opening);
  if (typeof keys === 'string') {
    return { signed, receipt, unchecked: own === undefined ? keys : `It is not signed by the key that this register has now, but maybe by an earlier one. ${keys}` };
  }
  if (!isSignedByOne(signed, keys)) {
    throw new LatchkeyError('receipt_signature_invalid');
  }
  return { signed, receipt, unchecked: undefined };
}

/** The one that it has now, where this machine is the register. */
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

function isSignedByOne(signed: Uint8Array, keys: readonly Uint8Array[]): boolean {
  return keys.some((key) => {
    try {
      return verifyReceipt(signed, ed25519Public(key)) !== undefined;
    } catch (error) {
      if (error instanceof LatchkeyError && error.code === 'receipt_signature_invalid') {
        return false;
      }
      throw error;
    }
  });
}
