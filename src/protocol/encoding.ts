import { Buffer } from 'node:buffer';

/** base64url without padding (RFC 4648 section 5), refused unless it is exactly what the encoder would write. */
export function base64url(bytes: Uint8Array): string {
  const buffer = bytes instanceof Buffer ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return buffer.toString('base64url');
}

export function parseBase64url(text: string, length: number): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64url');
  return bytes.length === length && bytes.toString('base64url') === text ? bytes : undefined;
}

/** The 16 bytes of a lower-case uuid in network order (RFC 9562). */
export function uuidBytes(uuid: string): Buffer {
  return Buffer.from(uuid.replaceAll('-', ''), 'hex');
}

const crockford = '0123456789abcdefghjkmnpqrstvwxyz';

/** 130 random bits as 26 characters of lower-case Crockford base32: each byte of `random` gives one of 32 letters. */
export function passTmpFrom(random: Uint8Array): string {
  if (random.length !== 26) {
    throw new RangeError('a pass_tmp is made of 26 random bytes');
  }
  const text = Buffer.allocUnsafe(random.length);
  for (let index = 0; index < random.length; index += 1) {
    text[index] = crockford.charCodeAt(random[index]! & 31);
  }
  return text.toString('latin1');
}

/** A random uuid, version 4 (RFC 9562 section 5.4), from 16 random bytes. */
export function uuidFrom(random: Uint8Array): string {
  const bytes = Buffer.from(random);
  bytes[6] = (bytes[6]! & 0x0f) | 0x40;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  const hex = bytes.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}
