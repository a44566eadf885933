import { request as httpRequest, type IncomingMessage } from 'node:http';
import { checker, type Checked } from '../api/check.ts';
import { problemFromWire, problemSchema } from '../api/problem.ts';
import { LatchkeyError, type ErrorCode } from '../domain/errors.ts';

export interface SocketCall<T> {
  readonly socketPath: string;
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly body?: object | undefined;
  readonly check: (value: unknown) => Checked<T>;
  /** Of silence; none: it waits for as long as it takes. */
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** What it is if nobody is there, or goes away. */
  readonly unreachable: ErrorCode;
}

const checkProblem = checker(problemSchema);

/** Asks what runs on this machine, over its Unix socket. Errors: its own, `unreachable`, `timed_out`, `bad_reply`, the signal's reason. */
export async function callSocket<T>(call: SocketCall<T>): Promise<T> {
  const { response, text } = await send(call);
  const value = parseJson(text);
  if (response.statusCode === 200) {
    const checked = call.check(value);
    if (checked.ok) {
      return checked.value;
    }
    throw new LatchkeyError('bad_reply', 'The agent’s reply is not what this call gives.');
  }
  const problem = checkProblem(value);
  const known = problem.ok ? problemFromWire(problem.value) : undefined;
  throw known ?? new LatchkeyError('bad_reply', `The agent refuses with ${response.statusCode ?? 0} and no problem that is known here.`);
}

function send<T>({ socketPath, method, path, body, timeoutMs, signal, unreachable }: SocketCall<T>): Promise<{ response: IncomingMessage; text: string }> {
  const text = body === undefined ? undefined : JSON.stringify(body);
  const meaning = (error: unknown): unknown => {
    if (signal?.aborted === true) {
      return signal.reason;
    }
    return error instanceof LatchkeyError || !(error instanceof Error && 'code' in error) ? error : new LatchkeyError(unreachable, undefined, { cause: error });
  };
  return new Promise((resolve, reject) => {
    const headers = text === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) };
    const request = httpRequest({ socketPath, method, path, headers, agent: false, timeout: timeoutMs, signal });
    request.once('timeout', () => request.destroy(new LatchkeyError('timed_out', 'The agent did not answer in time.')));
    request.once('error', (error) => reject(meaning(error)));
    request.once('response', (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.once('end', () => resolve({ response, text: Buffer.concat(chunks).toString() }));
      response.once('error', (error) => reject(meaning(error)));
    });
    request.end(text);
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new LatchkeyError('bad_reply', 'The agent’s reply is not JSON.', { cause: error });
  }
}
