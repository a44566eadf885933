import { hash, timingSafeEqual } from 'node:crypto';
import { LatchkeyError } from '../domain/errors.ts';

/** Of an authenticator, a digest and a block that is hidden. */
export const digestBytes = 16;
export const largestPacket = 4096;
/** Where a packet has its authenticator (RFC 2865 section 3). */
export const authenticatorAt = 4;
const largestSecret = 255;
/** The block of MD5, to which HMAC fills its key up (RFC 2104 section 2). */
const blockBytes = 64;

/** Everything here is done at once, so that one room does for all. */
const room = Buffer.alloc(blockBytes + largestPacket + largestSecret);
const digest = Buffer.alloc(digestBytes);

/** As text of one character a byte: in Node that takes a third of the time that a buffer does, or an Hmac. */
function md5(bytes: Buffer): string {
  return hash('md5', bytes, 'latin1');
}

/** What a NAS and we share, and all that is calculated with it. It cannot be read back. */
export class SharedSecret {
  readonly #secret: Buffer;
  readonly #innerPad: Buffer;
  /** The outer pad of HMAC, and room for the inner digest behind it. */
  readonly #outer: Buffer;
  /** The secret, and room for an authenticator and a salt behind it. */
  readonly #mask: Buffer;

  /** 1 to 255 bytes of UTF-8. Errors: `invalid_input`. */
  constructor(secret: string) {
    this.#secret = Buffer.from(secret);
    const { length } = this.#secret;
    if (length < 1 || length > largestSecret) {
      throw new LatchkeyError('invalid_input', `A RADIUS secret has 1 to ${largestSecret} bytes; this one has ${length}.`);
    }
    const key = length > blockBytes ? Buffer.from(md5(this.#secret), 'latin1') : this.#secret;
    const padded = Buffer.concat([key], blockBytes);
    this.#innerPad = padded.map((byte) => byte ^ 0x36) as Buffer;
    this.#outer = Buffer.concat([padded.map((byte) => byte ^ 0x5c)], blockBytes + digestBytes);
    this.#mask = Buffer.concat([this.#secret], length + digestBytes + 2);
  }

  /**
   * The Message-Authenticator (RFC 3579 section 3.2) of a packet that has its own at `at`: HMAC-MD5 over the packet with
   * `authenticator` in place and zeros for the attribute's value. 16 characters, one a byte.
   */
  messageAuthenticator(packet: Buffer, authenticator: Uint8Array, at: number): string {
    this.#innerPad.copy(room);
    packet.copy(room, blockBytes);
    room.set(authenticator, blockBytes + authenticatorAt);
    room.fill(0, blockBytes + at + 2, blockBytes + at + 2 + digestBytes);
    this.#outer.write(md5(room.subarray(0, blockBytes + packet.length)), blockBytes, 'latin1');
    return md5(this.#outer);
  }

  /**
   * The authenticator of a packet that is not an Access-Request (RFC 2865 section 3, RFC 2866 section 3, RFC 5176 section
   * 2.3): MD5 over the packet with `authenticator` in place and the secret behind. 16 characters, one a byte.
   */
  authenticator(packet: Buffer, authenticator: Uint8Array): string {
    packet.copy(room);
    room.set(authenticator, authenticatorAt);
    this.#secret.copy(room, packet.length);
    return md5(room.subarray(0, packet.length + this.#secret.length));
  }

  /**
   * Hides a Tunnel-Password in place (RFC 2868 section 3.5): two bytes of salt, then blocks of 16 bytes that hold length,
   * password and zeros. `authenticator` is the request's.
   */
  hide(salted: Buffer, authenticator: Uint8Array): void {
    const mask = this.#mask;
    const start = this.#secret.length;
    mask.set(authenticator, start);
    salted.copy(mask, start + digestBytes, 0, 2);
    digest.write(md5(mask), 'latin1');
    for (let at = 2; ; ) {
      for (let byte = 0; byte < digestBytes; byte += 1) {
        salted[at + byte]! ^= digest[byte]!;
      }
      const next = at + digestBytes;
      if (next >= salted.length) {
        return;
      }
      salted.copy(mask, start, at, next);
      digest.write(md5(mask.subarray(0, start + digestBytes)), 'latin1');
      at = next;
    }
  }
}

/** Whether a packet has these 16 bytes at `at`; how long that takes does not say where they differ. */
export function hasDigest(packet: Buffer, at: number, expected: string): boolean {
  digest.write(expected, 'latin1');
  return timingSafeEqual(packet.subarray(at, at + digestBytes), digest);
}
