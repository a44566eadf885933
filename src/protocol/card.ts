import { Buffer } from 'node:buffer';
import { LatchkeyError } from '../domain/errors.ts';
import { chainingBit, decodeResponse, encodeCommand, mostCommandData, mostResponseData, statusText, statusWord, type CommandApdu, type ResponseApdu } from './apdu.ts';

/** Whatever answers commands: a card at a reader, or a phone that plays one. */
export interface Card {
  /** One command APDU to one response APDU. */
  transmit(apdu: Uint8Array): Promise<Uint8Array>;
}

/** Most bytes that one command or answer has in all its parts. */
export const mostBodyBytes = 4096;

type Command = Pick<CommandApdu, 'cla' | 'ins'> & Partial<CommandApdu>;

/**
 * A command whose data may have up to 4 KiB, sent in a chain (ISO/IEC 7816-4, 5.3.3), and its whole answer, fetched by
 * GET RESPONSE while the card says 61xx (5.3.4). `le` is 256 unless given, also as undefined: some cards take no Le where
 * nothing comes back. Errors: `card_answer_malformed`, and those of the card's `transmit`.
 */
export async function exchange(card: Card, command: Command): Promise<ResponseApdu> {
  const { cla, ins, p1 = 0, p2 = 0, data = new Uint8Array(0) } = command;
  const le = 'le' in command ? command.le : mostResponseData;
  const header = { cla, ins, p1, p2 };
  let at = 0;
  for (; data.length - at > mostCommandData; at += mostCommandData) {
    const part = { ...header, cla: cla | chainingBit, data: data.subarray(at, at + mostCommandData), le: undefined };
    const response = await transmitted(card, part);
    if (response.status !== statusWord.done) {
      return response;
    }
  }
  const last: CommandApdu = { ...header, data: data.subarray(at), le };
  return wholeAnswer(card, await withRightLength(card, last));
}

/** Errors: `card_answer_malformed`. */
async function transmitted(card: Card, command: CommandApdu): Promise<ResponseApdu> {
  const response = decodeResponse(await card.transmit(encodeCommand(command)));
  if (response === undefined) {
    throw new LatchkeyError('card_answer_malformed', 'The card’s answer has not the length of one.');
  }
  return response;
}

/** 6Cxx: the card wants to be asked for exactly xx bytes. */
async function withRightLength(card: Card, command: CommandApdu): Promise<ResponseApdu> {
  const response = await transmitted(card, command);
  return response.status >> 8 === 0x6c ? transmitted(card, { ...command, le: (response.status & 0xff) || mostResponseData }) : response;
}

async function wholeAnswer(card: Card, first: ResponseApdu): Promise<ResponseApdu> {
  let response = first;
  const parts = [response.data];
  let length = response.data.length;
  while (response.status >> 8 === 0x61) {
    const le = (response.status & 0xff) || mostResponseData;
    response = await withRightLength(card, { cla: 0x00, ins: 0xc0, p1: 0, p2: 0, data: new Uint8Array(0), le });
    length += response.data.length;
    parts.push(response.data);
    if (length > mostBodyBytes || (response.status >> 8 === 0x61 && response.data.length === 0)) {
      throw new LatchkeyError('card_answer_malformed', `The card’s answer does not come to an end (${statusText(response.status)}).`);
    }
  }
  return { data: Buffer.concat(parts), status: response.status };
}
