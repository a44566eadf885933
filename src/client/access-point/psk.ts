import type { RequestOptions } from 'node:https';

const ciphers = [
  'TLS_AES_128_GCM_SHA256',
  'TLS_CHACHA20_POLY1305_SHA256',
  'ECDHE-PSK-CHACHA20-POLY1305',
  'ECDHE-PSK-AES128-CBC-SHA256',
].join(':');

/**
 * TLS-PSK under a hello (protocol.md section 1, TLS). An access point proves itself by the key alone: one that
 * shows a certificate instead, be it a good one, is refused, since nobody vouches for it.
 */
export function pskOptions(helloId: string, psk: Uint8Array): RequestOptions & { pskCallback: () => object } {
  return {
    minVersion: 'TLSv1.2',
    ciphers,
    ca: [],
    pskCallback: () => ({ identity: helloId, psk }),
    checkServerIdentity: (_host, certificate) =>
      Object.keys(certificate ?? {}).length === 0 ? undefined : Object.assign(new Error('a certificate in place of a key'), { code: 'ERR_TLS_CERTIFICATE_SHOWN' }),
  };
}
