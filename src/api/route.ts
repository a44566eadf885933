import type { ErrorCode } from '../domain/errors.ts';
import type { Role } from '../domain/token.ts';
import { input, text, type Schema } from './schema.ts';

/** One thing that can be asked over HTTP; server, client and OpenAPI are made from it. */
export interface Route {
  readonly method: 'GET' | 'POST' | 'PUT';
  /** With `{name}` where a member of `params` stands. */
  readonly path: string;
  readonly summary: string;
  /** Whose tokens may ask; `anyone` needs none, `holder` is any token. */
  readonly roles: readonly Role[] | 'anyone' | 'holder';
  readonly params?: Schema;
  readonly query?: Schema;
  readonly body?: Schema;
  /** Status and body of the answer; without a body 204. */
  readonly status: 200 | 201 | 204;
  readonly reply?: Schema;
  /**
   * Takes an `Idempotency-Key` (protocol.md section 3): every POST that changes something. The reply is kept for the
   * key of a token; `service`: what is kept, and whose key it is, is its service's own matter.
   */
  readonly idempotent?: true | 'service';
  /** What it says no with, beside what every route may say. */
  readonly errors?: readonly ErrorCode[];
  /** Its answer may be held back until something happens. */
  readonly waits?: true;
  /** Answers with server-sent events (event-stream.ts), `reply` being the data of each, until either side ends it; takes a `Last-Event-ID`. */
  readonly streams?: true;
  /** Largest body in bytes, where it is not the usual. */
  readonly bodyLimit?: number;
}

// What cannot be an id is not found, like one that is not there.
export const byId = input('ById', { id: { ...text, maxLength: 128 } });
export const reason = input('Reason', {}, { reason: text });
