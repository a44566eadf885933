import { expect, test } from 'vitest';
import { newPassword } from './wifi-password.ts';

test('a password has 130 bits, and each is another', () => {
  const passwords = Array.from({ length: 1000 }, newPassword);
  expect(new Set(passwords).size).toBe(1000);
  expect(passwords.every((password) => /^[a-z2-7]{26}$/.test(password))).toBe(true);
  expect(new Set(passwords.join('')).size).toBe(32);
});
