import { LatchkeyError } from '../domain/errors.ts';

/** Node's and OpenSSL's names for a certificate that is not to be trusted (Node: TLS, X509 certificate error codes). */
const certificateCodes = new Set([
  'CERT_CHAIN_TOO_LONG', 'CERT_HAS_EXPIRED', 'CERT_NOT_YET_VALID', 'CERT_REJECTED', 'CERT_REVOKED', 'CERT_SIGNATURE_FAILURE',
  'CERT_UNTRUSTED', 'DEPTH_ZERO_SELF_SIGNED_CERT', 'ERR_TLS_CERT_ALTNAME_FORMAT', 'ERR_TLS_CERT_ALTNAME_INVALID',
  'ERROR_IN_CERT_NOT_AFTER_FIELD', 'ERROR_IN_CERT_NOT_BEFORE_FIELD', 'HOSTNAME_MISMATCH', 'INVALID_CA', 'INVALID_PURPOSE',
  'PATH_LENGTH_EXCEEDED', 'SELF_SIGNED_CERT_IN_CHAIN', 'UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY',
  'UNABLE_TO_DECRYPT_CERT_SIGNATURE', 'UNABLE_TO_GET_ISSUER_CERT', 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
]);

/** The connection could not be made, or broke before an answer came: another try may fare better. */
const connectionCodes = new Set([
  'EAI_AGAIN', 'ECONNABORTED', 'ECONNREFUSED', 'ECONNRESET', 'EHOSTDOWN', 'EHOSTUNREACH', 'ENETDOWN', 'ENETUNREACH', 'EPIPE',
  'ETIMEDOUT', 'UND_ERR_CONNECT_TIMEOUT', 'UND_ERR_SOCKET',
]);

/** It cannot be reached, and will not be in a moment either. */
const addressCodes = new Set(['EACCES', 'EADDRNOTAVAIL', 'EINVAL', 'EMFILE', 'ENFILE', 'ENOTFOUND', 'EPERM', 'EPROTO']);

/** What answers is no HTTP server, or not over TLS where it should be. */
const protocolPrefixes = ['HPE_', 'ERR_SSL_', 'UND_ERR_'];

/** The client itself was closed amid the call. */
const closedCodes = new Set(['UND_ERR_ABORTED', 'UND_ERR_CLOSED', 'UND_ERR_DESTROYED']);

export interface NetworkFailure {
  readonly error: LatchkeyError;
  readonly mayRetry: boolean;
}

/** What a failed exchange means, by the error's code alone. Undefined: not the network's doing. */
export function networkFailure(error: unknown, host: string): NetworkFailure | undefined {
  const code = codeOf(error);
  if (code === undefined) {
    return undefined;
  }
  if (closedCodes.has(code)) {
    return { error: new LatchkeyError('interrupted', undefined, { cause: error }), mayRetry: false };
  }
  if (certificateCodes.has(code)) {
    return { error: certificateError(code, host, error), mayRetry: false };
  }
  if (connectionCodes.has(code) || addressCodes.has(code)) {
    const message = `${host} cannot be reached (${code}).`;
    return { error: new LatchkeyError('remote_unreachable', message, { cause: error }), mayRetry: connectionCodes.has(code) };
  }
  if (protocolPrefixes.some((prefix) => code.startsWith(prefix))) {
    const message = `What answers at ${host} does not speak our protocol (${code}).`;
    return { error: new LatchkeyError('bad_reply', message, { cause: error }), mayRetry: false };
  }
  return undefined;
}

/** Of one that is not good now, what "now" is here: more often than the certificate the clock is wrong. */
function certificateError(code: string, host: string, cause: unknown): LatchkeyError {
  if (code !== 'CERT_NOT_YET_VALID' && code !== 'CERT_HAS_EXPIRED') {
    return new LatchkeyError('certificate_invalid', `The certificate of ${host} is not trusted (${code}).`, { cause });
  }
  const what = code === 'CERT_HAS_EXPIRED' ? 'has expired' : 'is not valid yet';
  return new LatchkeyError('certificate_invalid', `The certificate of ${host} ${what} by this machine’s clock, which says ${new Date().toISOString()} (${code}).`, {
    hint: 'Set the clock if it is wrong. If it is right, the server needs another certificate.',
    cause,
  });
}

/** Several addresses were tried (RFC 8305): the first failure speaks for all. */
function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) {
    return undefined;
  }
  if ('code' in error && typeof error.code === 'string') {
    return error.code;
  }
  // undici gives its parser's errors no code where the parser had none.
  if (error.name === 'HTTPParserError') {
    return 'HPE_INVALID_CONSTANT';
  }
  return error instanceof AggregateError ? codeOf(error.errors[0]) : undefined;
}
