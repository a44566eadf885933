import { expect, test } from 'vitest';
import { parseSubjectToken, subjectMac, subjectTokenText } from './subject-token.ts';

const claim = { accountId: 'acc_1', terminalId: 'tok_1', apId: 'ap_1', at: new Date('2026-11-30T16:00:00.000Z') };
const token = { accountId: 'acc_1', terminalId: 'tok_1', codeNumber: 7, at: claim.at, mac: subjectMac(new Uint8Array(32).fill(1), claim) };

test('a token is text and back, to the second', () => {
  const text = subjectTokenText({ ...token, at: new Date('2026-11-30T16:00:00.750Z') });
  expect(text).toBe(`acc_1.tok_1.7.1796054400.${token.mac.toString('base64url')}`);
  expect(parseSubjectToken(text)).toEqual(token);
});

test.each([
  '', 'acc_1', 'acc_1.tok_1.7.1796054400', 'acc_1.tok_1.07.1796054400.MAC', 'acc_1.tok_1.0.1796054400.MAC', 'acc 1.tok_1.7.1796054400.MAC', 'acc_1.tok_1.7.1796054400.MAC=',
  'acc_1.tok_1.7.1796054400.MAC.MAC', `acc_1.tok_1.7.1796054400.${'B'.repeat(43)}`, `${'a'.repeat(65)}.tok_1.7.1796054400.MAC`, 'acc_1.tok_1.7.-1.MAC', 'acc_1.tok_1.7.1796054400.MAC\n',
])('what is no token is refused: %j', (text) => {
  expect(() => parseSubjectToken(text.replace('MAC', token.mac.toString('base64url')))).toThrow(expect.objectContaining({ code: 'invalid_input' }));
});
