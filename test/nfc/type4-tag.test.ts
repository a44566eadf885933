import { describe, expect, test } from 'vitest';
import { encodeNdef } from '../../src/formats/ndef.ts';
import { wifiRecord } from '../../src/formats/wsc.ts';
import { writeType4Tag } from '../../src/nfc/type4-tag.ts';
import { LatchkeyError } from '../../src/domain/errors.ts';
import { readWifiTag } from '../formats/read-wifi-tag.ts';
import { readType4Tag } from './read-type4-tag.ts';
import { Type4Emulation } from './type4-emulation.ts';

const credential = { ssid: 'Café', password: 'correct horse battery', security: 'wpa2-psk' } as const;
const message = encodeNdef([wifiRecord(credential)]);
const unsuitable = expect.objectContaining({ code: 'tag_unsuitable' });

/** A tag that is away from this command on. */
class TakenAway extends Type4Emulation {
  readonly #commands: number;

  constructor(commands: number) {
    super();
    this.#commands = commands;
    this.file.set([0, 3, 0xd0, 0, 0]);
  }

  override async transmit(apdu: Uint8Array): Promise<Uint8Array> {
    if (this.log.length === this.#commands) {
      throw new LatchkeyError('card_removed');
    }
    return super.transmit(apdu);
  }
}

describe('a Type 4 tag', () => {
  test.each([
    { mostRead: 15, mostWritten: 2 },
    { mostRead: 59, mostWritten: 52 },
    { mostRead: 255, mostWritten: 255 },
    { mostRead: 246, mostWritten: 13, size: 0xffff },
  ])('keeps what is written, in the pieces that it takes: %o', async (form) => {
    const tag = new Type4Emulation(form);
    await writeType4Tag(tag, message);
    expect(tag.message).toEqual(Buffer.from(message));
    expect(readWifiTag(await readType4Tag(tag))).toEqual(credential);
  });

  test('can be emptied', async () => {
    const tag = new Type4Emulation();
    await writeType4Tag(tag, message);
    await writeType4Tag(tag, new Uint8Array(0));
    expect(await readType4Tag(tag)).toEqual(Buffer.alloc(0));
  });

  test('may be full to the last byte, and not beyond', async () => {
    const tag = new Type4Emulation({ size: message.length + 2 });
    await writeType4Tag(tag, message);
    expect(await readType4Tag(tag)).toEqual(Buffer.from(message));
    await expect(writeType4Tag(new Type4Emulation({ size: message.length + 1 }), message)).rejects.toThrow(unsuitable);
  });

  test('that is taken away in the middle has the old message, none or the new one, and never a part', async () => {
    const whole = new Type4Emulation();
    await writeType4Tag(whole, message);
    const seen = new Set<string>();
    for (let commands = 0; commands < whole.log.length; commands += 1) {
      const tag = new TakenAway(commands);
      await expect(writeType4Tag(tag, message)).rejects.toMatchObject({ code: 'card_removed' });
      seen.add(tag.message.toString('hex'));
    }
    expect([...seen]).toEqual(['d00000', '', Buffer.from(message).toString('hex')]);
  });

  test('that is write-protected is not touched', async () => {
    const tag = new Type4Emulation({ isWritable: false });
    await expect(writeType4Tag(tag, message)).rejects.toThrow(unsuitable);
    expect(tag.log.filter((command) => command.startsWith('00d6'))).toEqual([]);
  });

  test('that keeps nothing is found out', async () => {
    const tag = new Type4Emulation();
    const forgetful = {
      transmit: async (apdu: Uint8Array) => {
        const answer = await tag.transmit(apdu);
        tag.file.fill(0xaa, 2, 10);
        return answer;
      },
    };
    await expect(writeType4Tag(forgetful, message)).rejects.toThrow(unsuitable);
  });

  test('that says that its message is longer than itself is found out', async () => {
    const tag = new Type4Emulation({ size: message.length + 2 });
    const boasting = {
      transmit: async (apdu: Uint8Array) => {
        const answer = await tag.transmit(apdu);
        if (tag.file.readUInt16BE() === message.length) tag.file.writeUInt16BE(message.length + 1);
        return answer;
      },
    };
    await expect(writeType4Tag(boasting, message)).rejects.toThrow(unsuitable);
  });

  test.each([
    ['a length that is too short', '000e2000ff00ff0406e1040200000000'],
    ['another version', '000f1000ff00ff0406e10402000000'],
    ['no NDEF file first', '000f2000ff00ff0506e10402000000'],
    ['a file that is reserved', '000f2000ff00ff0406e10302000000'],
    ['no room', '000f2000ff00ff0406e10400020000'],
    ['nothing to be read at once', '000f20000000ff0406e10402000000'],
    ['less to be written at once than a length', '000f2000ff00010406e10402000000'],
    ['a file that may not be read', '000f2000ff00ff0406e1040200ff00'],
  ])('whose container has %s is not used', async (_, container) => {
    const tag = new Type4Emulation({ container: Buffer.from(container, 'hex') });
    await expect(writeType4Tag(tag, message)).rejects.toThrow(unsuitable);
  });

  test('is told from another card', async () => {
    const card = { transmit: async () => Uint8Array.of(0x6a, 0x82) };
    await expect(writeType4Tag(card, message)).rejects.toThrow(unsuitable);
  });
});
