import { LatchkeyError } from '../../domain/errors.ts';
import type { CodeReceipt } from '../../domain/credit-code.ts';
import { parseReceiptText, readReceipt, verifyReceipt } from '../../protocol/code-receipt.ts';
import { ed25519Public } from '../../protocol/ed25519.ts';
import { roleDestinationName, type RoleFlags } from '../destination.ts';
import { readInput } from '../input-file.ts';
import type { Opening } from '../open-role.ts';
import { KnownRegisters } from './known-registers.ts';
import { receiptKeyOf } from './open-acceptances.ts';

export interface ReadReceipt {
  readonly signed: Uint8Array;
  readonly receipt: CodeReceipt;
  /** Whether the signature was checked, which only its own register can. */
  readonly isChecked: boolean;
}

const mostBytes = 4096;

/** A receipt in a file, or `-`. Errors: `receipt_malformed`, `receipt_signature_invalid`, those of reading a file. */
export async function readReceiptFile(path: string, flags: RoleFlags, opening: Opening, signal: AbortSignal): Promise<ReadReceipt> {
  let text = '';
  for await (const piece of readInput(path, 'FILE', { signal })) {
    text += Buffer.from(piece).toString('latin1');
    if (text.length > mostBytes) break;
  }
  const signed = parseReceiptText(text.replace(/[\r\n]+$/, ''));
  const receipt = readReceipt(signed);
  const register = new KnownRegisters().recall(roleDestinationName('pos', flags));
  if (register?.id !== receipt.registerId) {
    return { signed, receipt, isChecked: false };
  }
  try {
    const { publicKey } = await receiptKeyOf(register, opening);
    return { signed, receipt: verifyReceipt(signed, ed25519Public(publicKey)), isChecked: true };
  } catch (error) {
    if (error instanceof LatchkeyError && error.code === 'secret_not_found') {
      return { signed, receipt, isChecked: false };
    }
    throw error;
  }
}
