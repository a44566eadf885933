import { expect, test } from 'vitest';
import { networkFailure } from './network-errors.ts';

const failing = (code: string) => Object.assign(new Error('words that nobody reads'), { code });

test.each([
  ['ECONNREFUSED', 'remote_unreachable', true],
  ['ECONNRESET', 'remote_unreachable', true],
  ['EHOSTUNREACH', 'remote_unreachable', true],
  ['UND_ERR_SOCKET', 'remote_unreachable', true],
  ['UND_ERR_CONNECT_TIMEOUT', 'remote_unreachable', true],
  ['ENOTFOUND', 'remote_unreachable', false],
  ['CERT_HAS_EXPIRED', 'certificate_invalid', false],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', 'certificate_invalid', false],
  ['ERR_TLS_CERT_ALTNAME_INVALID', 'certificate_invalid', false],
  ['ERR_SSL_WRONG_VERSION_NUMBER', 'bad_reply', false],
  ['HPE_INVALID_CONSTANT', 'bad_reply', false],
  ['UND_ERR_RES_EXCEEDED_MAX_SIZE', 'bad_reply', false],
] as const)('%s is %s', (code, meaning, mayRetry) => {
  const failure = networkFailure(failing(code), 'latchkey.example');
  expect(failure).toMatchObject({ error: { code: meaning }, mayRetry });
  expect(failure?.error.message).toContain(`(${code})`);
});

test.each([['CERT_NOT_YET_VALID', 'is not valid yet'], ['CERT_HAS_EXPIRED', 'has expired']])('%s names this machine’s clock', (code, what) => {
  const { message, hint } = networkFailure(failing(code), 'latchkey.example')!.error;
  expect(message).toMatch(new RegExp(`^The certificate of latchkey\\.example ${what} by this machine’s clock, which says ${new Date().toISOString().slice(0, 10)}T.*Z \\(${code}\\)\\.$`));
  expect(hint).toMatch(/^Set the clock/);
});

test('of several addresses the first failure speaks', () => {
  const error = new AggregateError([failing('ECONNREFUSED'), failing('ENETUNREACH')]);
  expect(networkFailure(error, 'x')?.error.message).toContain('ECONNREFUSED');
});

test('what is not the network’s doing is nobody’s guess', () => {
  for (const error of [new Error('connect ECONNREFUSED'), failing('ERR_INVALID_ARG_TYPE'), 'ECONNREFUSED', undefined]) {
    expect(networkFailure(error, 'x')).toBeUndefined();
  }
});
