import { randomBytes } from 'node:crypto';

/** RFC 4648 section 6, in lower case: five bits a character, and none is mistaken for another. */
const alphabet = 'abcdefghijklmnopqrstuvwxyz234567';
const passwordCharacters = 26;

/** 130 random bits in 26 characters that can be printed, typed and read out. */
export function newPassword(): string {
  return Array.from(randomBytes(passwordCharacters), (byte) => alphabet[byte % alphabet.length]).join('');
}
