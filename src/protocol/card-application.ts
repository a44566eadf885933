import { Buffer } from 'node:buffer';
import { LatchkeyError } from '../domain/errors.ts';
import { chainingBit, decodeCommand, encodeResponse, mostResponseData, statusWord, type CommandApdu } from './apdu.ts';
import { mostBodyBytes, type Card } from './card.ts';
import {
  accessClaim,
  authorisation,
  authoriseRequest,
  deliveredCredential,
  networkRequest,
  paymentInfo,
  paymentOutcome,
  walletApplication,
  type AccessClaim,
  type Authorisation,
  type AuthoriseRequest,
  type CardMessage,
  type DeliveredCredential,
  type NetworkRequest,
  type PaymentInfo,
  type PaymentOutcome,
} from './card-messages.ts';

/** Our wallet's application on a card (protocol.md section 8). */
export const walletAid: Uint8Array = Buffer.from('f04c4b455901', 'hex');
export const walletVersion = 1;
export const walletClass = 0x80;
export const walletInstruction = { paymentInfo: 0x10, authorise: 0x20, result: 0x22, accessRequest: 0x30, deliver: 0x32 } as const;

/** SELECT by name and GET RESPONSE (ISO/IEC 7816-4, 11.2.2 and 11.4.3). */
export const interindustry = { cla: 0x00, select: 0xa4, byName: 0x04, getResponse: 0xc0 } as const;

/**
 * The wallet behind the card. What its user does not want it refuses with `card_refused`, and what its security check
 * does not let go on with `service_terminated`; its capabilities are what it has.
 */
export interface WalletHandler {
  readonly pay?: {
    paymentInfo(): Promise<PaymentInfo>;
    /** The wallet's security check, its user's confirmation, its journal; then the password. */
    authorise(request: AuthoriseRequest): Promise<Authorisation>;
    /** May come in a later tap than what was authorised, again, or never. */
    result(outcome: PaymentOutcome): Promise<void>;
  };
  readonly access?: {
    request(request: NetworkRequest): Promise<AccessClaim>;
    /** Only after a request in the same tap. */
    deliver(credential: DeliveredCredential): Promise<void>;
  };
  /** Told of what went wrong inside, of which the reader hears no more than that. */
  failed(error: unknown): void;
}

/** What lasts from one SELECT to the next. */
interface Selection {
  chain: { readonly ins: number; readonly parts: Uint8Array[]; length: number } | undefined;
  /** What GET RESPONSE has still to fetch. */
  rest: Uint8Array;
  hasAskedForAccess: boolean;
}

interface Instruction {
  /** Whether the command has data; without, it has none. */
  readonly hasBody: boolean;
  run(body: Uint8Array, selection: Selection): Promise<Uint8Array>;
}

/** An answer that is a status word and nothing else. */
class Refusal extends Error {
  readonly status: number;

  constructor(status: number) {
    super();
    this.status = status;
  }
}

const nothing = new Uint8Array(0);

/** The card's end of the application: one command in, one answer out, in turn. Wrong ones get a status word of ISO/IEC 7816-4. */
export class CardApplication implements Card {
  readonly #instructions: ReadonlyMap<number, Instruction>;
  readonly #capabilities: readonly string[];
  readonly #failed: (error: unknown) => void;
  #selection: Selection | undefined;

  constructor(handler: WalletHandler) {
    this.#instructions = instructionsOf(handler);
    this.#capabilities = [...(handler.pay === undefined ? [] : ['pay']), ...(handler.access === undefined ? [] : ['access'])];
    this.#failed = (error) => handler.failed(error);
  }

  /** The card was taken away or reset: nothing is selected. */
  reset(): void {
    this.#selection = undefined;
  }

  async transmit(apdu: Uint8Array): Promise<Uint8Array> {
    try {
      return await this.#answer(apdu);
    } catch (error) {
      return encodeResponse({ data: nothing, status: this.#statusOf(error) });
    }
  }

  async #answer(apdu: Uint8Array): Promise<Uint8Array> {
    const command = decodeCommand(apdu);
    if (command === undefined) {
      throw new Refusal(statusWord.wrongLength);
    }
    if (command.cla === interindustry.cla) {
      return command.ins === interindustry.select ? this.#select(command) : this.#getResponse(command);
    }
    if ((command.cla & ~chainingBit) !== walletClass) {
      throw new Refusal(statusWord.unknownClass);
    }
    const selection = this.#selected();
    selection.rest = nothing;
    const instruction = this.#instructionOf(command, selection);
    const body = collected(command, instruction, selection);
    return body === undefined ? reply(selection, nothing, undefined) : reply(selection, await instruction.run(body, selection), command.le);
  }

  #select({ p1, p2, data, le }: CommandApdu): Uint8Array {
    if (this.#selection !== undefined) {
      this.#selection.chain = undefined;
    }
    if (p1 !== interindustry.byName || p2 !== 0) {
      throw new Refusal(statusWord.wrongParameters);
    }
    if (!walletAid.every((byte, at) => data[at] === byte) || data.length !== walletAid.length) {
      throw new Refusal(statusWord.notFound);
    }
    this.#selection = { chain: undefined, rest: nothing, hasAskedForAccess: false };
    return reply(this.#selection, walletApplication.encode({ version: walletVersion, capabilities: this.#capabilities }), le);
  }

  #getResponse({ ins, p1, p2, data, le }: CommandApdu): Uint8Array {
    if (ins !== interindustry.getResponse) {
      throw new Refusal(statusWord.unknownInstruction);
    }
    const selection = this.#selected();
    breakChain(selection);
    if (p1 !== 0 || p2 !== 0) {
      throw new Refusal(statusWord.wrongParameters);
    }
    if (data.length > 0 || le === undefined) {
      throw new Refusal(statusWord.wrongLength);
    }
    if (selection.rest.length === 0) {
      throw new Refusal(statusWord.conditionsNotSatisfied);
    }
    return reply(selection, selection.rest, le);
  }

  #selected(): Selection {
    if (this.#selection === undefined) {
      throw new Refusal(statusWord.conditionsNotSatisfied);
    }
    return this.#selection;
  }

  #instructionOf({ ins, p1, p2 }: CommandApdu, selection: Selection): Instruction {
    if (selection.chain !== undefined && selection.chain.ins !== ins) {
      breakChain(selection);
    }
    const instruction = this.#instructions.get(ins);
    if (instruction === undefined) {
      throw new Refusal(statusWord.unknownInstruction);
    }
    if (p1 !== 0 || p2 !== 0) {
      selection.chain = undefined;
      throw new Refusal(statusWord.wrongParameters);
    }
    return instruction;
  }

  #statusOf(error: unknown): number {
    if (error instanceof Refusal) {
      return error.status;
    }
    if (error instanceof LatchkeyError && error.code === 'card_refused') {
      return statusWord.conditionsNotSatisfied;
    }
    if (error instanceof LatchkeyError && error.code === 'service_terminated') {
      return statusWord.securityStatusNotSatisfied;
    }
    this.#failed(error);
    return statusWord.noDiagnosis;
  }
}

function instructionsOf({ pay, access }: WalletHandler): ReadonlyMap<number, Instruction> {
  const instructions = new Map<number, Instruction>();
  if (pay !== undefined) {
    instructions.set(walletInstruction.paymentInfo, { hasBody: false, run: async () => paymentInfo.encode(await pay.paymentInfo()) });
    instructions.set(walletInstruction.authorise, {
      hasBody: true,
      run: async (body) => authorisation.encode(await pay.authorise(read(authoriseRequest, body))),
    });
    instructions.set(walletInstruction.result, {
      hasBody: true,
      async run(body) {
        await pay.result(read(paymentOutcome, body));
        return nothing;
      },
    });
  }
  if (access !== undefined) {
    instructions.set(walletInstruction.accessRequest, {
      hasBody: true,
      async run(body, selection) {
        const answer = accessClaim.encode(await access.request(read(networkRequest, body)));
        selection.hasAskedForAccess = true;
        return answer;
      },
    });
    instructions.set(walletInstruction.deliver, {
      hasBody: true,
      async run(body, selection) {
        if (!selection.hasAskedForAccess) {
          throw new Refusal(statusWord.conditionsNotSatisfied);
        }
        await access.deliver(read(deliveredCredential, body));
        selection.hasAskedForAccess = false;
        return nothing;
      },
    });
  }
  return instructions;
}

function read<T>(message: CardMessage<T>, body: Uint8Array): T {
  try {
    return message.decode(body);
  } catch {
    throw new Refusal(statusWord.wrongData);
  }
}

/** The whole data of the command; undefined while more of them follow. */
function collected({ cla, ins, data }: CommandApdu, { hasBody }: Instruction, selection: Selection): Uint8Array | undefined {
  if (hasBody !== data.length > 0) {
    selection.chain = undefined;
    throw new Refusal(statusWord.wrongLength);
  }
  const chain = selection.chain ?? { ins, parts: [], length: 0 };
  chain.parts.push(data);
  chain.length += data.length;
  selection.chain = undefined;
  if (chain.length > mostBodyBytes) {
    throw new Refusal(statusWord.noMemory);
  }
  if ((cla & chainingBit) === 0) {
    return Buffer.concat(chain.parts);
  }
  if (!hasBody) {
    throw new Refusal(statusWord.wrongLength);
  }
  selection.chain = chain;
  return undefined;
}

function breakChain(selection: Selection): void {
  if (selection.chain !== undefined) {
    selection.chain = undefined;
    throw new Refusal(statusWord.lastOfChainExpected);
  }
}

function reply(selection: Selection, data: Uint8Array, le: number | undefined): Uint8Array {
  const now = Math.min(data.length, le ?? 0);
  selection.rest = data.subarray(now);
  const left = selection.rest.length;
  const status = left === 0 ? statusWord.done : 0x6100 | (Math.min(left, mostResponseData) & 0xff);
  return encodeResponse({ data: data.subarray(0, now), status });
}
