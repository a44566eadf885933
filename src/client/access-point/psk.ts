import { Agent } from 'node:https';

const ciphers = [
  'TLS_AES_128_GCM_SHA256',
  'TLS_CHACHA20_POLY1305_SHA256',
  'ECDHE-PSK-CHACHA20-POLY1305',
  'ECDHE-PSK-AES128-CBC-SHA256',
].join(':');

/** The code of the error for it. */
export const certificateShown = 'ERR_TLS_CERTIFICATE_SHOWN';

/**
 * One TLS-PSK connection under a hello, made again when it breaks (protocol.md section 1, TLS). An access point
 * proves itself by the key alone: one that shows a certificate instead, be it a good one, is refused, since
 * nobody vouches for it.
 */
export function pskAgent(helloId: string, psk: Uint8Array): Agent {
  return new Agent({
    keepAlive: true,
    maxSockets: 1,
    maxCachedSessions: 0,
    minVersion: 'TLSv1.2',
    ciphers,
    ca: [],
    pskCallback: () => ({ identity: helloId, psk }),
    checkServerIdentity: refuseCertificate,
  });
}

function refuseCertificate(_host: string, certificate: object | undefined): Error | undefined {
  const shown = Object.keys(certificate ?? {}).length > 0;
  return shown ? Object.assign(new Error('a certificate in place of a key'), { code: certificateShown }) : undefined;
}
