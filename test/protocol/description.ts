import { readFileSync } from 'node:fs';
import { LatchkeyError } from '../../src/domain/errors.ts';
import { parseBase45 } from '../../src/protocol/base45.ts';
import { decodeCbor } from '../../src/protocol/cbor.ts';
import { fits, readCddl } from './cddl.ts';

/** docs/credit-code.cddl. */
export const rules = readCddl(readFileSync(new URL('../../docs/credit-code.cddl', import.meta.url), 'utf8'));

/** What is refused although it is described: the rest of protocol.md, section 5, says so. */
export const reasonsBeyondCddl: ReadonlySet<string> = new Set([
  'it is longer than what a QR code holds',
  'it is too long',
  'it expires before it is valid',
  'the largest amount is more than the total',
  'the currency is none of ISO 4217',
  'it names a payee twice',
  'a payee is text, where it has to be bytes',
  'the proof’s payee is text, where it has to be bytes',
  'the payee is text, where it has to be bytes',
]);

/** Why a code or receipt is malformed, without the words around it. */
export function reasonOf({ message }: LatchkeyError): string {
  return message.replace(/^This is no (credit payment code of ours|receipt of a credit payment code): /, '').replace(/\.$/, '');
}

/** Whether the text is base45 of deterministic CBOR, by another decoder than ours, that the CDDL describes. */
export function isDescribed(rule: 'code' | 'receipt', text: string): boolean {
  try {
    const bytes = parseBase45(text, text.indexOf(':') + 1, (detail) => new LatchkeyError('invalid_input', detail));
    return fits(rules, rule, decodeCbor(Uint8Array.from(bytes)));
  } catch (error) {
    if (error instanceof LatchkeyError) return false;
    throw error;
  }
}
