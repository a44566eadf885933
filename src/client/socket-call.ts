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
  const response = await send(call);
  const text = await textOf(response, call);
  requireSuccess(response, text);
  return checkedJson(text, call);
}

/** As `callSocket`, for an answer in lines (NDJSON), each as soon as it is there. */
export async function* callSocketForLines<T>(call: SocketCall<T>): AsyncGenerator<T> {
  const response = await send(call);
  if (response.statusCode !== 200) {
    requireSuccess(response, await textOf(response, call));
  }
  let rest = '';
  try {
    for await (const chunk of response.setEncoding('utf8')) {
      const lines = `${rest}${chunk}`.split('\n');
      rest = lines.pop()!;
      for (const line of lines) {
        yield checkedJson(line, call);
      }
    }
  } catch (error) {
    throw meaning(error, call);
  }
}

async function textOf(response: IncomingMessage, call: Calling): Promise<string> {
  try {
    return Buffer.concat(await response.toArray()).toString();
  } catch (error) {
    throw meaning(error, call);
  }
}

function requireSuccess({ statusCode = 0 }: IncomingMessage, text: string): void {
  if (statusCode !== 200) {
    const problem = checkProblem(parseJson(text));
    const known = problem.ok ? problemFromWire(problem.value) : undefined;
    throw known ?? new LatchkeyError('bad_reply', `The agent refuses with ${statusCode} and no problem that is known here.`);
  }
}

function checkedJson<T>(text: string, { check }: SocketCall<T>): T {
  const checked = check(parseJson(text));
  if (checked.ok) {
    return checked.value;
  }
  throw new LatchkeyError('bad_reply', 'The agent’s reply is not what this call gives.');
}

type Calling = Omit<SocketCall<unknown>, 'check'>;

function send(call: Calling): Promise<IncomingMessage> {
  const { socketPath, method, path, body, timeoutMs, signal } = call;
  const text = body === undefined ? undefined : JSON.stringify(body);
  return new Promise((resolve, reject) => {
    const headers = text === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) };
    const request = httpRequest({ socketPath, method, path, headers, agent: false, timeout: timeoutMs, signal });
    request.once('timeout', () => request.destroy(new LatchkeyError('timed_out', 'The agent did not answer in time.')));
    request.on('error', (error) => reject(meaning(error, call)));
    request.once('response', resolve);
    request.end(text);
  });
}

function meaning(error: unknown, { signal, unreachable }: Calling): unknown {
  if (signal?.aborted === true) {
    return signal.reason;
  }
  return error instanceof LatchkeyError || !(error instanceof Error && 'code' in error) ? error : new LatchkeyError(unreachable, undefined, { cause: error });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new LatchkeyError('bad_reply', 'The agent’s reply is not JSON.', { cause: error });
  }
}
