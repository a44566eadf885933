import { Buffer } from 'node:buffer';
import { once } from 'node:events';
import { createConnection, type NetConnectOpts, type Socket } from 'node:net';
import { LatchkeyError } from '../domain/errors.ts';
import { encodeResponse, statusWord } from '../protocol/apdu.ts';
import type { Card } from '../protocol/card.ts';

/** Where a virtual reader (vpcd of the vsmartcard project) waits for its card. */
export type VirtualReaderAddress = { readonly host: string; readonly port: number } | { readonly path: string };

export interface VirtualCardOptions {
  /** What the reader gives as the card's UID; it has none without. */
  readonly uid?: Uint8Array | undefined;
  readonly signal: AbortSignal;
}

export interface ResettableCard extends Card {
  /** The field is gone, or came anew. */
  reset?(): void;
}

/** The first port of vpcd; a second reader has the next. */
export const virtualReaderPort = 35963;

const control = { off: 0, on: 1, reset: 2, getAtr: 4 } as const;
/** Of a contactless card without historical bytes (PC/SC part 3, 3.1.3.2.3.1). */
const answerToReset = Buffer.from('3b80800101', 'hex');
const noData = new Uint8Array(0);

/**
 * Holds a card to a virtual reader, until the signal takes it away. Resolves then, or when the reader goes. To and from:
 * a length of two bytes and so many bytes; a single one is a control, anything else a command. Errors:
 * `reader_not_found` if no reader waits there; what the card's `transmit` throws takes it away.
 */
export async function holdToVirtualReader(card: ResettableCard, address: VirtualReaderAddress, { uid, signal }: VirtualCardOptions): Promise<void> {
  signal.throwIfAborted();
  const socket = await connected(address);
  const remove = () => socket.destroy();
  signal.addEventListener('abort', remove);
  try {
    if (!signal.aborted) {
      await serve(socket, card, uid);
    }
  } finally {
    signal.removeEventListener('abort', remove);
    socket.destroy();
    card.reset?.();
  }
}

async function connected(address: VirtualReaderAddress): Promise<Socket> {
  const socket = createConnection({ ...address, noDelay: true } as NetConnectOpts);
  try {
    await once(socket, 'connect');
    // Told by its end.
    return socket.on('error', () => {});
  } catch (error) {
    const where = 'path' in address ? address.path : `${address.host}:${address.port}`;
    throw new LatchkeyError('reader_not_found', `No virtual card reader waits at ${where}.`, { hint: 'Start pcscd with vpcd (Debian: vsmartcard-vpcd), or see which reader has a card already.', cause: error });
  }
}

async function serve(socket: Socket, card: ResettableCard, uid: Uint8Array | undefined): Promise<void> {
  const { promise: closed, resolve } = Promise.withResolvers<undefined>();
  socket.on('close', () => resolve(undefined));
  for await (const message of messages(socket)) {
    if (message.length !== 1) {
      // A card that is away answers nobody, however long it would still have taken.
      const answer = await Promise.race([isGetUid(message) ? uidAnswer(uid) : card.transmit(message), closed]);
      if (answer === undefined) {
        return;
      }
      send(socket, answer);
    } else if (message[0] === control.getAtr) {
      send(socket, answerToReset);
    } else if (message[0] === control.off || message[0] === control.on || message[0] === control.reset) {
      card.reset?.();
    }
  }
}

async function* messages(socket: Socket): AsyncGenerator<Uint8Array, void, undefined> {
  let pending = Buffer.alloc(0);
  try {
    for await (const chunk of socket as AsyncIterable<Buffer>) {
      pending = Buffer.concat([pending, chunk]);
      while (pending.length >= 2 && pending.length >= 2 + pending.readUInt16BE()) {
        const end = 2 + pending.readUInt16BE();
        yield Uint8Array.from(pending.subarray(2, end));
        pending = pending.subarray(end);
      }
    }
  } catch {
    // However the connection ended: the card is away.
  }
}

function send(socket: Socket, message: Uint8Array): void {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(message.length);
  socket.write(Buffer.concat([length, message]));
}

/** Class FF is for the reader (PC/SC part 3, 3.2.2.1), which is in our place here. */
function isGetUid(apdu: Uint8Array): boolean {
  return apdu[0] === 0xff && apdu[1] === 0xca && apdu[2] === 0 && apdu[3] === 0;
}

function uidAnswer(uid: Uint8Array | undefined): Uint8Array {
  return uid === undefined ? encodeResponse({ data: noData, status: 0x6a81 }) : encodeResponse({ data: uid, status: statusWord.done });
}
