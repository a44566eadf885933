import { Buffer } from 'node:buffer';

/** A command to a card in its short form (ISO/IEC 7816-4, 5.1): `data` has at most 255 bytes. */
export interface CommandApdu {
  readonly cla: number;
  readonly ins: number;
  readonly p1: number;
  readonly p2: number;
  readonly data: Uint8Array;
  /** Most bytes that may come back at once, 1 to 256; undefined if none may. */
  readonly le: number | undefined;
}

export interface ResponseApdu {
  readonly data: Uint8Array;
  /** SW1 and SW2 as one number. */
  readonly status: number;
}

export const mostCommandData = 255;
export const mostResponseData = 256;

/** In CLA: more of the same command's data follow (ISO/IEC 7816-4, 5.3.3). */
export const chainingBit = 0x10;

/** Status words (ISO/IEC 7816-4, 5.6). */
export const statusWord = {
  done: 0x9000,
  wrongLength: 0x6700,
  lastOfChainExpected: 0x6883,
  securityStatusNotSatisfied: 0x6982,
  conditionsNotSatisfied: 0x6985,
  wrongData: 0x6a80,
  notFound: 0x6a82,
  noMemory: 0x6a84,
  wrongParameters: 0x6a86,
  unknownInstruction: 0x6d00,
  unknownClass: 0x6e00,
  noDiagnosis: 0x6f00,
} as const;

/** `6985`, as standards and logs write it. */
export function statusText(status: number): string {
  return status.toString(16).toUpperCase().padStart(4, '0');
}

export function encodeCommand({ cla, ins, p1, p2, data, le }: CommandApdu): Uint8Array {
  if (data.length > mostCommandData || (le !== undefined && (le < 1 || le > mostResponseData))) {
    throw new RangeError('a short command takes at most 255 bytes, and 256 come back');
  }
  return Buffer.concat([
    Buffer.of(cla, ins, p1, p2),
    ...(data.length === 0 ? [] : [Buffer.of(data.length), data]),
    ...(le === undefined ? [] : [Buffer.of(le % mostResponseData)]),
  ]);
}

/** Undefined for what is no short command. */
export function decodeCommand(bytes: Uint8Array): CommandApdu | undefined {
  const [cla, ins, p1, p2, third] = bytes;
  if (p2 === undefined) {
    return undefined;
  }
  const header = { cla: cla!, ins: ins!, p1: p1!, p2 };
  if (third === undefined || bytes.length === 5) {
    return { ...header, data: new Uint8Array(0), le: lengthExpected(third) };
  }
  const behind = bytes.length - 5 - third;
  // A first byte of 0 begins an extended length.
  if (third === 0 || behind < 0 || behind > 1) {
    return undefined;
  }
  return { ...header, data: Uint8Array.from(bytes.subarray(5, 5 + third)), le: lengthExpected(bytes[5 + third]) };
}

function lengthExpected(le: number | undefined): number | undefined {
  return le === 0 ? mostResponseData : le;
}

export function encodeResponse({ data, status }: ResponseApdu): Uint8Array {
  return Buffer.concat([data, Buffer.of(status >> 8, status & 0xff)]);
}

/** Undefined for what is no answer to a short command. */
export function decodeResponse(bytes: Uint8Array): ResponseApdu | undefined {
  if (bytes.length < 2 || bytes.length > mostResponseData + 2) {
    return undefined;
  }
  const end = bytes.length - 2;
  return { data: Uint8Array.from(bytes.subarray(0, end)), status: (bytes[end]! << 8) | bytes[end + 1]! };
}
