import { decodeCommand, encodeResponse } from '../../src/protocol/apdu.ts';
import type { Card } from '../../src/protocol/card.ts';

const words = { done: 0x9000, wrongLength: 0x6700, notAllowed: 0x6986, denied: 0x6982, notFound: 0x6a82, wrongOffset: 0x6b00, unknown: 0x6d00 };

/** What a tag says of itself. */
export interface TagForm {
  readonly size?: number;
  readonly mostRead?: number;
  readonly mostWritten?: number;
  readonly isWritable?: boolean;
  /** In place of all of the above. */
  readonly container?: Uint8Array;
}

/** A Type 4 tag (NFC Forum, Type 4 Tag specification 2.0) that is as strict as its container says. */
export class Type4Emulation implements Card {
  readonly file: Buffer;
  readonly #container: Buffer;
  readonly #form: Required<Omit<TagForm, 'container'>>;
  #selected: 'nothing' | 'application' | 'container' | 'file' = 'nothing';
  /** Commands that it has answered. */
  readonly log: string[] = [];

  constructor({ size = 512, mostRead = 59, mostWritten = 52, isWritable = true, container }: TagForm = {}) {
    this.#form = { size, mostRead, mostWritten, isWritable };
    this.file = Buffer.alloc(size);
    this.#container = Buffer.from(container ?? Buffer.from('000f20000000000406e104000000' + (isWritable ? '00' : 'ff'), 'hex'));
    if (container === undefined) {
      this.#container.writeUInt16BE(mostRead, 3);
      this.#container.writeUInt16BE(mostWritten, 5);
      this.#container.writeUInt16BE(size, 11);
    }
  }

  /** The message that a phone would find. */
  get message(): Buffer {
    return this.file.subarray(2, 2 + this.file.readUInt16BE());
  }

  reset(): void {
    this.#selected = 'nothing';
  }

  async transmit(apdu: Uint8Array): Promise<Uint8Array> {
    this.log.push(Buffer.from(apdu.subarray(0, 4)).toString('hex'));
    const answer = this.#answer(apdu);
    return encodeResponse(typeof answer === 'number' ? { data: new Uint8Array(0), status: answer } : { data: answer, status: words.done });
  }

  #answer(apdu: Uint8Array): number | Uint8Array {
    const command = decodeCommand(apdu);
    if (command === undefined || command.cla !== 0) {
      return words.wrongLength;
    }
    const { ins, p1, p2, data, le } = command;
    const offset = (p1 << 8) | p2;
    if (ins === 0xa4) {
      return this.#select(p1, p2, Buffer.from(data).toString('hex'), le);
    }
    const selected = this.#selected === 'container' ? this.#container : this.#selected === 'file' ? this.file : undefined;
    if (selected === undefined) {
      return words.notAllowed;
    }
    if (ins === 0xb0) {
      return le === undefined || le > this.#form.mostRead ? words.wrongLength : offset + le > selected.length ? words.wrongOffset : selected.subarray(offset, offset + le);
    }
    if (ins !== 0xd6) {
      return words.unknown;
    }
    if (selected === this.#container || !this.#form.isWritable) {
      return words.denied;
    }
    if (data.length === 0 || data.length > this.#form.mostWritten || le !== undefined) {
      return words.wrongLength;
    }
    if (offset + data.length > selected.length) {
      return words.wrongOffset;
    }
    selected.set(data, offset);
    return words.done;
  }

  #select(p1: number, p2: number, name: string, le: number | undefined): number {
    if (p1 === 4 && p2 === 0 && name === 'd2760000850101') {
      this.#selected = 'application';
      return words.done;
    }
    const found = ({ e103: 'container', e104: 'file' } as const)[name];
    if (p1 !== 0 || p2 !== 0x0c || le !== undefined || found === undefined || this.#selected === 'nothing') {
      return words.notFound;
    }
    this.#selected = found;
    return words.done;
  }
}
