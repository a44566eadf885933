import { randomInt } from 'node:crypto';
import { attribute, code, type VendorAttribute } from './attributes.ts';
import { authenticatorAt, digestBytes, hasDigest, largestPacket, type SharedSecret } from './shared-secret.ts';

/** Code, identifier, length, authenticator (RFC 2865 section 3). */
const headerBytes = 20;
const largestValue = 253;

/** The authenticator field of a request while its authenticator is calculated (RFC 2866 section 3, RFC 5176 section 2.3). */
export const noAuthenticator: Uint8Array = new Uint8Array(digestBytes);

export type Malformation = 'bad_length' | 'bad_attributes';

/** These bytes are no RADIUS packet, or an attribute in it is not what its type says. */
export class MalformedPacket extends Error {
  readonly reason: Malformation;

  constructor(reason: Malformation) {
    super(reason);
    this.name = 'MalformedPacket';
    this.reason = reason;
  }
}

/** A packet that was received (RFC 2865 section 3): a view of its bytes, whose attributes all fit into it. */
export class Packet {
  /** Without padding that came behind it. */
  readonly bytes: Buffer;

  private constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  /** Errors: `MalformedPacket`. */
  static decode(datagram: Buffer): Packet {
    const length = datagram.length < headerBytes ? 0 : datagram.readUInt16BE(2);
    if (length < headerBytes || length > largestPacket || length > datagram.length) {
      throw new MalformedPacket('bad_length');
    }
    for (let at = headerBytes; at < length; ) {
      const size = at + 1 < length ? datagram[at + 1]! : 0;
      if (size < 2 || at + size > length) {
        throw new MalformedPacket('bad_attributes');
      }
      at += size;
    }
    return new Packet(length === datagram.length ? datagram : datagram.subarray(0, length));
  }

  get code(): number {
    return this.bytes[0]!;
  }

  get identifier(): number {
    return this.bytes[1]!;
  }

  /** 16 bytes. */
  get authenticator(): Buffer {
    return this.bytes.subarray(authenticatorAt, headerBytes);
  }

  /** Types and values (views) in their order. */
  *attributes(): Generator<{ readonly type: number; readonly value: Buffer }> {
    const { bytes } = this;
    for (let at = headerBytes; at < bytes.length; at += bytes[at + 1]!) {
      yield { type: bytes[at]!, value: this.#valueAt(at) };
    }
  }

  has(type: number): boolean {
    return this.#find(type) > 0;
  }

  /** The value of the first attribute of a type, a view. */
  value(type: number): Buffer | undefined {
    const at = this.#find(type);
    return at === 0 ? undefined : this.#valueAt(at);
  }

  /** The same as text in UTF-8. */
  text(type: number): string | undefined {
    const at = this.#find(type);
    return at === 0 ? undefined : this.bytes.toString('utf8', at + 2, at + this.bytes[at + 1]!);
  }

  /** The same as an unsigned number of 32 bits. Errors: `MalformedPacket` if it is no four bytes. */
  integer(type: number): number | undefined {
    const value = this.value(type);
    if (value !== undefined && value.length !== 4) {
      throw new MalformedPacket('bad_attributes');
    }
    return value?.readUInt32BE();
  }

  /**
   * Whether it is signed with the secret by a Message-Authenticator; undefined if it has none. `authenticator` is what
   * its sender had in the field then: a reply the request's, an Access-Request its own, other requests zeros.
   * Errors: `MalformedPacket`.
   */
  isSigned(secret: SharedSecret, authenticator: Uint8Array = this.authenticator): boolean | undefined {
    const at = this.#find(attribute.messageAuthenticator);
    if (at === 0) {
      return undefined;
    }
    if (this.bytes[at + 1] !== 2 + digestBytes) {
      throw new MalformedPacket('bad_attributes');
    }
    return hasDigest(this.bytes, at + 2, secret.messageAuthenticator(this.bytes, authenticator, at));
  }

  /** Whether its authenticator is the one that the secret gives; `authenticator` as in `isSigned`. */
  isAuthentic(secret: SharedSecret, authenticator: Uint8Array): boolean {
    return hasDigest(this.bytes, authenticatorAt, secret.authenticator(this.bytes, authenticator));
  }

  /** Where the first attribute of a type is; 0 if there is none. */
  #find(type: number): number {
    const { bytes } = this;
    for (let at = headerBytes; at < bytes.length; at += bytes[at + 1]!) {
      if (bytes[at] === type) {
        return at;
      }
    }
    return 0;
  }

  #valueAt(at: number): Buffer {
    return this.bytes.subarray(at + 2, at + this.bytes[at + 1]!);
  }
}

/**
 * Makes packets one after the other: `begin`, the attributes in their order, `seal`. What does not fit (253 bytes into an
 * attribute, 4096 into a packet) is a RangeError.
 */
export class PacketWriter {
  readonly #bytes = Buffer.alloc(largestPacket);
  #length = 0;
  #secret: SharedSecret | undefined;
  #authenticator = noAuthenticator;
  #signatureAt = 0;
  #salt = randomInt(0x8000);

  /**
   * `authenticator`: of a reply the request's, of an Access-Request or Status-Server 16 random bytes, of other requests
   * `noAuthenticator`.
   */
  begin(secret: SharedSecret, packetCode: number, identifier: number, authenticator: Uint8Array): this {
    this.#secret = secret;
    this.#authenticator = authenticator;
    this.#signatureAt = 0;
    this.#bytes[0] = packetCode;
    this.#bytes[1] = identifier;
    this.#bytes.set(authenticator, authenticatorAt);
    this.#length = headerBytes;
    return this;
  }

  /**
   * A Message-Authenticator, calculated when the packet is sealed. The first attribute of a reply to an Access-Request,
   * so that nobody can put anything before it that makes MD5 collide (CVE-2024-3596).
   */
  signature(): this {
    this.#signatureAt = this.#add(attribute.messageAuthenticator, digestBytes) - 2;
    return this;
  }

  bytes(type: number, value: Uint8Array): this {
    this.#bytes.set(value, this.#add(type, value.length));
    return this;
  }

  text(type: number, value: string): this {
    this.#bytes.write(value, this.#add(type, Buffer.byteLength(value)));
    return this;
  }

  integer(type: number, value: number): this {
    this.#bytes.writeUInt32BE(value, this.#add(type, 4));
    return this;
  }

  vendorText(which: VendorAttribute, value: string): this {
    this.#bytes.write(value, this.#addVendor(which, Buffer.byteLength(value)));
    return this;
  }

  /** Tunnel-Password of no certain tunnel, up to 239 bytes (RFC 2868 section 3.5). */
  tunnelPassword(password: string): this {
    const at = this.#add(attribute.tunnelPassword, 1 + hiddenBytes(password));
    this.#bytes[at] = 0;
    return this.#hide(at + 1, password);
  }

  /** A vendor's attribute that is hidden as a Tunnel-Password is, without a tag; up to 234 bytes. */
  vendorPassword(which: VendorAttribute, password: string): this {
    return this.#hide(this.#addVendor(which, hiddenBytes(password)), password);
  }

  /** The finished packet, in bytes of its own. */
  seal(): Buffer {
    const secret = this.#secret!;
    const packet = Buffer.allocUnsafe(this.#length);
    this.#bytes.writeUInt16BE(this.#length, 2);
    this.#bytes.copy(packet, 0, 0, this.#length);
    if (this.#signatureAt > 0) {
      packet.write(secret.messageAuthenticator(packet, this.#authenticator, this.#signatureAt), this.#signatureAt + 2, 'latin1');
    }
    if (packet[0] !== code.accessRequest && packet[0] !== code.statusServer) {
      packet.write(secret.authenticator(packet, this.#authenticator), authenticatorAt, 'latin1');
    }
    return packet;
  }

  /** Where the value of a new attribute goes. */
  #add(type: number, size: number): number {
    const at = this.#length;
    if (size > largestValue || at + 2 + size > largestPacket) {
      throw new RangeError(`An attribute of ${size} bytes does not fit.`);
    }
    this.#bytes[at] = type;
    this.#bytes[at + 1] = 2 + size;
    this.#length = at + 2 + size;
    return at + 2;
  }

  /** RFC 2865 section 5.26. */
  #addVendor({ vendor, type }: VendorAttribute, size: number): number {
    const at = this.#add(attribute.vendorSpecific, 6 + size);
    this.#bytes.writeUInt32BE(vendor, at);
    this.#bytes[at + 4] = type;
    this.#bytes[at + 5] = 2 + size;
    return at + 6;
  }

  #hide(at: number, password: string): this {
    const hidden = this.#bytes.subarray(at, this.#length);
    // The first bit is always set; counting makes salts of one packet differ.
    this.#salt = (this.#salt + 1) & 0x7fff;
    hidden.writeUInt16BE(0x8000 | this.#salt);
    hidden[2] = hidden.write(password, 3);
    hidden.fill(0, 3 + hidden[2]);
    this.#secret!.hide(hidden, this.#authenticator);
    return this;
  }
}

/** Salt, and length and password in blocks of 16 bytes. */
function hiddenBytes(password: string): number {
  return 2 + Math.ceil((1 + Buffer.byteLength(password)) / digestBytes) * digestBytes;
}
