import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { holdToVirtualReader, type ResettableCard } from './virtual-card.ts';

/** A reader's end, as vpcd writes and reads it. */
class Slot {
  readonly #socket: Socket;
  #got = Buffer.alloc(0);

  constructor(socket: Socket) {
    this.#socket = socket.on('error', () => {});
    socket.on('data', (chunk: Buffer) => (this.#got = Buffer.concat([this.#got, chunk])));
  }

  write(...parts: readonly string[]): void {
    parts.forEach((part) => this.#socket.write(Buffer.from(part, 'hex')));
  }

  /** The next message that comes. */
  async message(): Promise<string> {
    while (this.#got.length < 2 || this.#got.length < 2 + this.#got.readUInt16BE()) {
      await once(this.#socket, 'data');
    }
    const end = 2 + this.#got.readUInt16BE();
    const message = this.#got.toString('hex', 2, end);
    this.#got = this.#got.subarray(end);
    return message;
  }

  async closed(): Promise<void> {
    if (!this.#socket.closed) await once(this.#socket, 'close');
  }

  close(): void {
    this.#socket.destroy();
  }
}

let server: Server;
let address: { host: string; port: number };
let stop: AbortController;
let resets: number;
let holdings: Promise<void>[];

beforeEach(async () => {
  server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  address = { host: '127.0.0.1', port: (server.address() as AddressInfo).port };
  stop = new AbortController();
  resets = 0;
  holdings = [];
});
afterEach(async () => {
  stop.abort();
  await Promise.allSettled(holdings);
  server.close();
});

const echo: ResettableCard = { transmit: async (apdu) => Buffer.concat([apdu, Buffer.of(0x90, 0)]), reset: () => void (resets += 1) };

async function held(card = echo, uid?: Uint8Array): Promise<{ slot: Slot; holding: Promise<void> }> {
  const connection = once(server, 'connection') as Promise<[Socket]>;
  const holding = holdToVirtualReader(card, address, { uid, signal: stop.signal });
  holdings.push(holding);
  const [socket] = await connection;
  return { slot: new Slot(socket), holding };
}

test('answers to reset and to commands, in whatever pieces they come', async () => {
  const { slot } = await held();
  slot.write('0001', '01', '000104', '00', '0580', '10000000', '000480110000' + '000480120000');
  expect([await slot.message(), await slot.message(), await slot.message(), await slot.message()]).toEqual(['3b80800101', '80100000009000', '801100009000', '801200009000']);
  expect(resets).toBe(1);
});

test('power that goes and comes resets the card, and other controls are passed over', async () => {
  const { slot } = await held();
  slot.write('000100', '000101', '000102', '000180', '000480100000');
  expect(await slot.message()).toBe('801000009000');
  expect(resets).toBe(3);
});

test('the UID is the reader’s to give, and some cards have none', async () => {
  const { slot } = await held(echo, Uint8Array.of(4, 1, 2, 3, 4, 5, 6));
  slot.write('0005ffca000000');
  expect(await slot.message()).toBe('040102030405069000');
  const other = await held();
  other.slot.write('0005ffca000000');
  expect(await other.slot.message()).toBe('6a81');
});

test('the signal takes it away, also from a command that it has not answered', async () => {
  const asked = Promise.withResolvers<void>();
  const { slot, holding } = await held({
    transmit: async () => {
      asked.resolve();
      return new Promise<never>(() => {});
    },
  });
  slot.write('000480100000');
  await asked.promise;
  stop.abort();
  await holding;
  await slot.closed();
});

test('a reader that goes is the end of it', async () => {
  const { slot, holding } = await held();
  slot.close();
  await holding;
  expect(resets).toBe(1);
});

test('a card that throws is away', async () => {
  const { slot, holding } = await held({ transmit: () => Promise.reject(new Error('broken')) });
  const thrown = expect(holding).rejects.toThrow('broken');
  slot.write('000480100000');
  await thrown;
  await slot.closed();
});

test('where no reader waits it says so', async () => {
  server.close();
  await once(server, 'close');
  await expect(holdToVirtualReader(echo, address, { signal: stop.signal })).rejects.toMatchObject({ code: 'reader_not_found', message: expect.stringContaining(`127.0.0.1:${address.port}`) });
});
