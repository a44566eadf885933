import { Buffer } from 'node:buffer';

/** base64url without padding (RFC 4648 section 5), refused unless it is exactly what the encoder would write. */
export function base64url(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64url');
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
  return Array.from(random, (byte) => crockford[byte & 31]).join('');
}
