import { LatchkeyError } from '../domain/errors.ts';

/** Server-sent events: HTML standard, section 9.2. */
export const eventStreamMediaType = 'text/event-stream';

/** One block of a stream. */
export interface SentEvent {
  /** Where a client that comes again goes on from. */
  readonly id?: string | undefined;
  readonly event?: string | undefined;
  /** Without it only the other fields are taken note of. */
  readonly data?: string | undefined;
  /** How long a client waits before it comes again. */
  readonly retryMs?: number | undefined;
}

/** Passed over by every client: says that the server is there. */
export const heartbeat = ':\n\n';

export function formatSent(events: readonly SentEvent[]): string {
  let text = '';
  for (const { id, event, data, retryMs } of events) {
    if (retryMs !== undefined) text += `retry: ${retryMs}\n`;
    if (id !== undefined) text += `id: ${id}\n`;
    if (event !== undefined) text += `event: ${event}\n`;
    if (data !== undefined) text += `data: ${data.replaceAll('\n', '\ndata: ')}\n`;
    text += '\n';
  }
  return text;
}

/** UTF-16 units of one block; more is no stream of ours. */
const longestBlock = 1_048_576;

/** Reads a stream in whatever pieces it comes; what the stream's end cuts off is dropped, as the standard has it. */
export class SentEventParser {
  readonly #decoder = new TextDecoder();
  /** Of a line whose end has not come. */
  #line = '';
  /** A line feed that comes next belongs to the line before. */
  #afterReturn = false;
  #id: string | undefined;
  #event: string | undefined;
  #data: string[] = [];
  #retryMs: number | undefined;
  #length = 0;

  /** The blocks that end in this piece. Errors: `bad_reply` for one without end. */
  push(piece: Uint8Array): SentEvent[] {
    const text = this.#decoder.decode(piece, { stream: true });
    const events: SentEvent[] = [];
    let from = 0;
    for (let at = 0; at < text.length; at++) {
      const character = text[at];
      if (character !== '\n' && character !== '\r') {
        this.#afterReturn = false;
        continue;
      }
      if (!(character === '\n' && this.#afterReturn)) {
        const event = this.#take(this.#line + text.slice(from, at));
        this.#line = '';
        if (event !== undefined) events.push(event);
      }
      this.#afterReturn = character === '\r';
      from = at + 1;
    }
    this.#line += text.slice(from);
    this.#bound(this.#line.length);
    return events;
  }

  /** The block that a line ends, if it does. */
  #take(line: string): SentEvent | undefined {
    if (line === '') {
      return this.#end();
    }
    this.#length += line.length;
    this.#bound(0);
    const colon = line.indexOf(':');
    const name = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(line[colon + 1] === ' ' ? colon + 2 : colon + 1);
    switch (name) {
      case 'data':
        this.#data.push(value);
        break;
      case 'event':
        this.#event = value;
        break;
      case 'id':
        if (!value.includes('\0')) this.#id = value;
        break;
      case 'retry':
        if (/^[0-9]+$/.test(value)) this.#retryMs = Number(value);
        break;
      default:
        // A comment, or what a later standard has.
    }
    return undefined;
  }

  #end(): SentEvent | undefined {
    const [id, event, data, retryMs] = [this.#id, this.#event, this.#data, this.#retryMs];
    this.#id = undefined;
    this.#event = undefined;
    this.#data = [];
    this.#retryMs = undefined;
    this.#length = 0;
    return id === undefined && data.length === 0 && retryMs === undefined
      ? undefined
      : { id, event: event === '' ? undefined : event, data: data.length === 0 ? undefined : data.join('\n'), retryMs };
  }

  #bound(more: number): void {
    if (this.#length + more > longestBlock) {
      throw new LatchkeyError('bad_reply', 'An event of the stream does not end.');
    }
  }
}
