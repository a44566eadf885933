import { createHash, createHmac } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { revealPassword } from '../../test/radius/reveal-password.ts';
import { accountingRecord } from './accounting-record.ts';
import { attribute, code } from './attributes.ts';
import { MalformedPacket, noAuthenticator, Packet, PacketWriter } from './packet.ts';
import { SharedSecret } from './shared-secret.ts';
import { macOf, ssidOf } from './station.ts';

const hex = (text: string) => Buffer.from(text.replaceAll(/\s/g, ''), 'hex');
const secret = new SharedSecret('xyzzy5461');
const writer = new PacketWriter();

const bytes16 = fc.uint8Array({ minLength: 16, maxLength: 16 });
const secretText = fc.string({ minLength: 1, maxLength: 80, unit: 'grapheme-ascii' });
/** All but the one that `signature` adds. */
const attributes = fc.array(
  fc.record({ type: fc.integer({ min: 1, max: 255 }).filter((type) => type !== attribute.messageAuthenticator), value: fc.uint8Array({ maxLength: 253 }) }),
  { maxLength: 14 },
);

describe('what the RFCs print', () => {
  test('an Access-Accept (RFC 2865 section 7.1)', () => {
    const request = Packet.decode(hex(`01 00 00 38 0f 40 3f 94 73 97 80 57 bd 83 d5 cb 98 f4 22 7a 01 06 6e 65 6d 6f 02 12 0d be 70 8d
      93 d4 13 ce 31 96 e4 3f 78 2a 0a ee 04 06 c0 a8 01 10 05 06 00 00 00 03`));
    expect(request.text(attribute.userName)).toBe('nemo');
    const reply = writer.begin(secret, code.accessAccept, 0, request.authenticator).integer(6, 1).integer(15, 0).integer(14, 0xc0a80103).seal();
    expect(reply.toString('hex')).toBe('0200002686fe220e7624ba2a1005f6bf9b55e0b20606000000010f06000000000e06c0a80103');
    expect(Packet.decode(reply).isAuthentic(secret, request.authenticator)).toBe(true);
  });

  test('a Status-Server and what it is answered with (RFC 5997 section 6.1)', () => {
    const request = Packet.decode(hex('0cda00268a54f4686fb394c52866e302185d062350125a665e2e1e8411f3e243822097c84fa3'));
    expect(request.isSigned(secret)).toBe(true);
    expect(writer.begin(secret, code.statusServer, 0xda, request.authenticator).signature().seal()).toEqual(request.bytes);
    expect(writer.begin(secret, code.accessAccept, 0xda, request.authenticator).seal().toString('hex')).toBe('02da0014ef0d552a4bf2d693ec2b6fe8b5411d66');
  });
});

test('what was written is read back, and signed as RFC 2104 has it', () => {
  fc.assert(
    fc.property(secretText, fc.integer({ min: 0, max: 255 }), bytes16, attributes, (text, identifier, authenticator, written) => {
      const packet = new PacketWriter().begin(new SharedSecret(text), code.accessRequest, identifier, authenticator).signature();
      for (const { type, value } of written) packet.bytes(type, value);
      const sealed = packet.seal();

      const read = Packet.decode(sealed);
      expect(read).toMatchObject({ code: 1, identifier, authenticator: Buffer.from(authenticator) });
      const [first, ...rest] = [...read.attributes()];
      expect(rest).toEqual(written.map(({ type, value }) => ({ type, value: Buffer.from(value) })));

      const unsigned = Buffer.from(sealed).fill(0, 22, 38);
      expect(first).toEqual({ type: 80, value: createHmac('md5', text).update(unsigned).digest() });
      expect(read.isSigned(new SharedSecret(text))).toBe(true);
      expect(read.isSigned(new SharedSecret(`${text}.`))).toBe(false);
    }),
  );
});

test('a request that is not of access has an authenticator that is calculated with zeros in its place', () => {
  const sealed = writer.begin(secret, code.coaRequest, 7, noAuthenticator).signature().text(attribute.acctSessionId, 'A').seal();
  const zeros = Buffer.from(sealed).fill(0, 4, 20);
  expect(sealed.subarray(4, 20)).toEqual(createHash('md5').update(zeros).update('xyzzy5461').digest());
  expect(sealed.subarray(22, 38)).toEqual(createHmac('md5', 'xyzzy5461').update(zeros.fill(0, 22, 38)).digest());
});

test('a byte that changed is noticed', () => {
  const request = writer.begin(secret, code.accessRequest, 1, Buffer.alloc(16, 7)).signature().text(attribute.userName, '020000000001').seal();
  fc.assert(
    fc.property(fc.integer({ min: 22, max: request.length - 1 }), fc.integer({ min: 1, max: 255 }), (at, change) => {
      const changed = Buffer.from(request);
      changed[at]! ^= change;
      expect(() => {
        const packet = Packet.decode(changed);
        if (packet.isSigned(secret) === true) throw new Error('taken');
      }).not.toThrow('taken');
    }),
  );
});

describe('what is no packet', () => {
  /** All that the server reads before it knows that the sender has the secret, or after. */
  function readAll(bytes: Uint8Array): void {
    const packet = Packet.decode(Buffer.from(bytes));
    packet.isSigned(secret);
    packet.isAuthentic(secret, noAuthenticator);
    macOf(packet);
    ssidOf(packet);
    accountingRecord(packet, { name: 'hall', address: '192.0.2.1' });
  }

  function isReadOrMalformed(bytes: Uint8Array): boolean {
    try {
      readAll(bytes);
    } catch (error) {
      expect(error).toBeInstanceOf(MalformedPacket);
    }
    return true;
  }

  test('is malformed and nothing else, be it random bytes or a packet with some changed', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), isReadOrMalformed));
    const account = [40, 42, 43, 44, 46, 49, 50, 52, 53, 8, 25, 30, 31, 32, 80].map((type) => fc.record({ type: fc.constant(type), value: fc.uint8Array({ maxLength: 18 }) }));
    fc.assert(
      fc.property(fc.array(fc.oneof(...account)), fc.array(fc.tuple(fc.nat(200), fc.nat(255)), { maxLength: 3 }), (written, changes) => {
        const packet = writer.begin(secret, code.accountingRequest, 1, noAuthenticator);
        for (const { type, value } of written) packet.bytes(type, value);
        const bytes = packet.seal();
        for (const [at, value] of changes) bytes[at % bytes.length] = value;
        return isReadOrMalformed(bytes);
      }),
    );
  });

  test.each([
    ['nothing', '', 'bad_length'],
    ['less than a header', '01'.repeat(19), 'bad_length'],
    ['a length below the header', `01010013${'00'.repeat(16)}`, 'bad_length'],
    ['more length than bytes', `01010015${'00'.repeat(16)}`, 'bad_length'],
    ['more than 4096', `01011001${'00'.repeat(4093)}`, 'bad_length'],
    ['an attribute without a length', `01010015${'00'.repeat(16)}01`, 'bad_attributes'],
    ['an attribute of length 1', `01010016${'00'.repeat(16)}0101`, 'bad_attributes'],
    ['an attribute that is longer than the packet', `01010017${'00'.repeat(16)}010400`, 'bad_attributes'],
    ['a short Message-Authenticator', `01010017${'00'.repeat(16)}500300`, 'bad_attributes'],
    ['a short number', `01010017${'00'.repeat(16)}280300`, 'bad_attributes'],
  ])('%s', (_name, text, reason) => {
    expect(() => readAll(hex(text))).toThrow(expect.objectContaining({ name: 'MalformedPacket', reason }));
  });

  test('what follows the length is padding', () => {
    expect(Packet.decode(hex(`01010014${'00'.repeat(16)}ffff`)).bytes).toHaveLength(20);
  });
});

describe('hidden passwords', () => {
  test('are what was hidden, with a salt that has its first bit set', () => {
    fc.assert(
      fc.property(secretText, bytes16, fc.string({ minLength: 0, maxLength: 64, unit: 'grapheme-ascii' }), (text, authenticator, password) => {
        const packet = new PacketWriter().begin(new SharedSecret(text), code.accessAccept, 1, authenticator);
        packet.tunnelPassword(password).vendorPassword({ vendor: 14823, type: 44 }, password);
        const read = Packet.decode(packet.seal());
        const tunnel = read.value(attribute.tunnelPassword)!;
        const vendor = read.value(attribute.vendorSpecific)!;
        expect([tunnel[0], vendor.readUInt32BE(), vendor[4], vendor[5]]).toEqual([0, 14823, 44, vendor.length - 4]);
        for (const salted of [tunnel.subarray(1), vendor.subarray(6)]) {
          expect(salted[0]! & 0x80).toBe(0x80);
          expect((salted.length - 2) % 16).toBe(0);
          expect(revealPassword(text, authenticator, salted)).toBe(password);
        }
        expect(tunnel.subarray(1, 3)).not.toEqual(vendor.subarray(6, 8));
      }),
    );
  });
});

test('what does not fit is refused', () => {
  const packet = writer.begin(secret, code.accessAccept, 1, noAuthenticator);
  expect(() => packet.text(attribute.class, 'x'.repeat(254))).toThrow(RangeError);
  for (let count = 0; count < 15; count += 1) packet.text(attribute.class, 'x'.repeat(253));
  expect(() => packet.text(attribute.class, 'x'.repeat(253))).toThrow(RangeError);
});

test('a secret has 1 to 255 bytes, and is not shown', () => {
  expect(() => new SharedSecret('')).toThrow('1 to 255 bytes');
  expect(() => new SharedSecret('ü'.repeat(128))).toThrow('this one has 256');
  expect(JSON.stringify(new SharedSecret('hush'))).toBe('{}');
});
