import type { IncomingMessage, RequestOptions } from 'node:http';
import http from 'node:http';
import https from 'node:https';
import { checker, type Checked } from '../../api/check.ts';
import { problemFromWire, problemMediaType, problemSchema } from '../../api/problem.ts';
import { LatchkeyError } from '../../domain/errors.ts';
import { networkFailure } from '../network-errors.ts';
import { certificateShown } from './psk.ts';

const largestReply = 64 * 1024;
const connectMs = 5000;
const replyMs = 10_000;
const checkProblem = checker(problemSchema);

export interface DeviceCall {
  readonly method: 'GET' | 'POST';
  readonly host: string;
  readonly port: number;
  readonly path: string;
  readonly body?: object;
  /** Over its TLS connection; plain HTTP on a connection of its own without. */
  readonly agent?: https.Agent;
  /** How long the other side may hold back its answer on purpose. */
  readonly waitMs?: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * One request of a device to an AP agent and its answer, of status 200, 201 or 204. Errors: those that the answer
 * names, `remote_unreachable`, `proof_rejected` (the TLS handshake failed), `timed_out`, `bad_reply`, `interrupted`.
 */
export async function deviceExchange<T>(call: DeviceCall, check: (value: unknown) => Checked<T>): Promise<T>;
export async function deviceExchange(call: DeviceCall): Promise<void>;
export async function deviceExchange<T>(call: DeviceCall, check?: (value: unknown) => Checked<T>): Promise<T | void> {
  const { response, text } = await send(call);
  const status = response.statusCode ?? 0;
  if (check === undefined ? status === 204 : status === 200 || status === 201) {
    return check === undefined ? undefined : parsed(response, text, 'application/json', check);
  }
  const problem = parsed(response, text, problemMediaType, checkProblem);
  const seconds = Number(response.headers['retry-after'] ?? NaN);
  const retryAfter = Number.isFinite(seconds) && seconds >= 0 ? seconds : undefined;
  throw problemFromWire(problem, retryAfter) ?? new LatchkeyError('bad_reply', `The access point refuses with a code that is not known here (${status}).`);
}

function parsed<T>(response: IncomingMessage, text: string, mediaType: string, check: (value: unknown) => Checked<T>): T {
  const type = (response.headers['content-type'] ?? '').split(';', 1)[0]!.trim().toLowerCase();
  let value: unknown;
  try {
    value = type === mediaType ? JSON.parse(text) : undefined;
  } catch {
    value = undefined;
  }
  const checked = check(value);
  if (!checked.ok) {
    throw new LatchkeyError('bad_reply', `What answers is no access point of ours (status ${response.statusCode ?? 0}).`);
  }
  return checked.value;
}

function send(call: DeviceCall): Promise<{ response: IncomingMessage; text: string }> {
  const { method, host, port, path, body, agent, waitMs = 0, signal } = call;
  const text = body === undefined ? undefined : JSON.stringify(body);
  const options: RequestOptions = {
    method,
    host,
    port,
    path,
    agent: agent ?? false,
    headers: {
      accept: `application/json, ${problemMediaType}`,
      ...(text === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }),
      ...(method === 'POST' && text === undefined ? { 'content-length': 0 } : {}),
    },
    ...(signal === undefined ? {} : { signal }),
  };
  return new Promise((resolve, reject) => {
    let secure = agent === undefined;
    const fail = (error: unknown) => reject(meaning(error, { host, secure, signal }));
    const request = agent === undefined ? http.request(options) : https.request(options);
    const late = (ms: number) => setTimeout(() => request.destroy(new LatchkeyError('timed_out', `${host} did not answer in time.`)), ms);
    let timer = late(connectMs + replyMs + waitMs);
    request.once('socket', (socket) => {
      if (!socket.connecting) {
        secure = true;
        return;
      }
      clearTimeout(timer);
      timer = late(connectMs);
      socket.once(agent === undefined ? 'connect' : 'secureConnect', () => {
        secure = true;
        clearTimeout(timer);
        timer = late(replyMs + waitMs);
      });
    });
    request.once('error', fail);
    request.once('close', () => clearTimeout(timer));
    request.once('response', (response) => {
      const chunks: Buffer[] = [];
      let size = 0;
      response.on('data', (chunk: Buffer) => {
        size += chunk.length;
        if (size > largestReply) {
          request.destroy(new LatchkeyError('bad_reply', 'The reply is too large.'));
        } else {
          chunks.push(chunk);
        }
      });
      response.once('end', () => resolve({ response, text: Buffer.concat(chunks).toString() }));
      response.once('error', fail);
    });
    request.end(text);
  });
}

function meaning(error: unknown, { host, secure, signal }: { host: string; secure: boolean; signal: AbortSignal | undefined }): unknown {
  if (error instanceof LatchkeyError) {
    return error;
  }
  if (signal?.aborted === true) {
    const isLate = signal.reason instanceof Error && signal.reason.name === 'TimeoutError';
    return isLate ? new LatchkeyError('timed_out', `${host} did not answer in time.`, { cause: error }) : new LatchkeyError('interrupted', undefined, { cause: error });
  }
  const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
  const failure = networkFailure(error, host)?.error;
  if (!secure && (code === certificateShown || failure?.code === 'certificate_invalid')) {
    return new LatchkeyError('proof_rejected', 'The access point shows a certificate instead of proving that it knows this device.', {
      hint: 'This is not the device’s access point but another server, such as a captive portal, or a fake.',
      cause: error,
    });
  }
  if (!secure && (code === 'EPROTO' || code.startsWith('ERR_SSL_'))) {
    return new LatchkeyError('proof_rejected', 'The access point and this device do not hold the same pass_tmp.', { cause: error });
  }
  return failure ?? error;
}
