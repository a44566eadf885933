import { Buffer } from 'node:buffer';
import { generateKeyPairSync, randomBytes, sign, type KeyObject } from 'node:crypto';

/** What a TLS server or client is given, PEM. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

/** A certificate authority of the tests' own (RFC 5280), made anew each time. */
export class Authority {
  readonly #keys = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  readonly #name: string;
  readonly cert: string;

  constructor(name = 'Latchkey test authority') {
    this.#name = name;
    this.cert = this.#issue(name, this.#keys.publicKey, day(-1), day(30), [basicConstraints(true)]);
  }

  /** For a server of these names; `from` and `until` in days from now. */
  server({ names = ['localhost', '127.0.0.1'], from = -1, until = 30 }: { names?: string[]; from?: number; until?: number } = {}): Certificate {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    return {
      cert: this.#issue(names[0] ?? 'server', publicKey, day(from), day(until), [basicConstraints(false), subjectAltName(names)]),
      key: privateKey.export({ format: 'pem', type: 'pkcs8' }).toString(),
    };
  }

  #issue(subject: string, publicKey: KeyObject, from: Date, until: Date, extensions: readonly Buffer[]): string {
    const ecdsaWithSha256 = sequence(objectId('2a8648ce3d040302'));
    const toBeSigned = sequence(
      der(0xa0, der(0x02, Buffer.from([2]))),
      der(0x02, Buffer.concat([Buffer.from([0x01]), randomBytes(15)])),
      ecdsaWithSha256,
      distinguishedName(this.#name),
      sequence(utcTime(from), utcTime(until)),
      distinguishedName(subject),
      publicKey.export({ format: 'der', type: 'spki' }),
      der(0xa3, sequence(...extensions)),
    );
    const signature = sign('sha256', toBeSigned, this.#keys.privateKey);
    const certificate = sequence(toBeSigned, ecdsaWithSha256, der(0x03, Buffer.concat([Buffer.from([0]), signature])));
    const base64 = certificate.toString('base64').replace(/(.{64})/g, '$1\n');
    return `-----BEGIN CERTIFICATE-----\n${base64}\n-----END CERTIFICATE-----\n`;
  }
}

function day(offset: number): Date {
  return new Date(Date.now() + offset * 86_400_000);
}

/** One value of the Distinguished Encoding Rules (X.690). */
function der(tag: number, ...contents: readonly Buffer[]): Buffer {
  const content = Buffer.concat(contents);
  const length =
    content.length < 0x80
      ? Buffer.from([content.length])
      : content.length < 0x100
        ? Buffer.from([0x81, content.length])
        : Buffer.from([0x82, content.length >> 8, content.length & 0xff]);
  return Buffer.concat([Buffer.from([tag]), length, content]);
}

function sequence(...contents: readonly Buffer[]): Buffer {
  return der(0x30, ...contents);
}

function objectId(hex: string): Buffer {
  return der(0x06, Buffer.from(hex, 'hex'));
}

function distinguishedName(commonName: string): Buffer {
  return sequence(der(0x31, sequence(objectId('550403'), der(0x0c, Buffer.from(commonName)))));
}

function utcTime(at: Date): Buffer {
  return der(0x17, Buffer.from(`${at.toISOString().replace(/[-:T]/g, '').slice(2, 14)}Z`));
}

function basicConstraints(isAuthority: boolean): Buffer {
  const value = isAuthority ? sequence(der(0x01, Buffer.from([0xff]))) : sequence();
  return sequence(objectId('551d13'), der(0x01, Buffer.from([0xff])), der(0x04, value));
}

function subjectAltName(names: readonly string[]): Buffer {
  const general = names.map((name) =>
    /^\d+(\.\d+){3}$/.test(name) ? der(0x87, Buffer.from(name.split('.').map(Number))) : der(0x82, Buffer.from(name)),
  );
  return sequence(objectId('551d11'), der(0x04, sequence(...general)));
}
