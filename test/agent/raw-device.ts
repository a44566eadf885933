import { randomBytes } from 'node:crypto';
import http from 'node:http';
import https from 'node:https';
import { devicePsk, deviceProof } from '../../src/protocol/device-key.ts';
import { base64url } from '../../src/protocol/encoding.ts';
import type { DeviceIdentity } from '../../src/roles/device/ports.ts';
import { onboardingSsid } from './site.ts';

/** The exchange step by step, with nothing of the project but the formulas, so that each step can go wrong. */
export interface RawHello {
  readonly uuid: string;
  readonly helloId: string;
  readonly psk: Buffer;
  readonly proof: string;
  readonly securePort: number;
  readonly reply: Record<string, unknown>;
}

export interface RawReply {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: Record<string, unknown>;
}

interface RawCall {
  readonly method?: string;
  readonly path: string;
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
  readonly localAddress?: string;
}

export function plainCall(port: number, { method = 'POST', path, body, headers = {}, localAddress }: RawCall): Promise<RawReply> {
  return new Promise((resolve, reject) => {
    const request = http.request({ host: '127.0.0.1', port, method, path, agent: false, localAddress, headers: jsonHeaders(headers) });
    collect(request, resolve, reject);
    request.end(textOf(body));
  });
}

export interface KnownKey {
  readonly helloId: string;
  readonly psk: Uint8Array;
}

/** One connection for several calls. */
export function keptConnection({ helloId, psk }: KnownKey): https.Agent {
  return new https.Agent({ keepAlive: true, maxSockets: 1, ...pskOptions(helloId, psk) });
}

function pskOptions(helloId: string, psk: Uint8Array): https.AgentOptions {
  return {
    pskCallback: () => ({ identity: helloId, psk }),
    ciphers: 'TLS_AES_128_GCM_SHA256:ECDHE-PSK-CHACHA20-POLY1305',
    checkServerIdentity: () => undefined,
  };
}

export function secureCall(
  port: number,
  { helloId, psk }: KnownKey,
  { method = 'POST', path, body, headers = {}, localAddress }: RawCall,
  tls: https.RequestOptions = {},
): Promise<RawReply> {
  return new Promise((resolve, reject) => {
    const request = https.request({
      host: '127.0.0.1',
      port,
      method,
      path,
      agent: false,
      localAddress,
      headers: jsonHeaders(headers),
      ...(tls.agent === undefined ? pskOptions(helloId, psk) : {}),
      ...tls,
    });
    collect(request, resolve, reject);
    request.end(textOf(body));
  });
}

export async function sayHello(
  ports: { helloPort: number },
  identity: DeviceIdentity,
  options: { deviceNonce?: Buffer; localAddress?: string } = {},
): Promise<RawHello> {
  const { deviceNonce = randomBytes(32), localAddress } = options;
  const { status, body } = await plainCall(ports.helloPort, {
    path: '/v1/hello',
    body: { uuid: identity.uuid, onboarding_ssid: onboardingSsid, device_nonce: base64url(deviceNonce) },
    ...(localAddress === undefined ? {} : { localAddress }),
  });
  if (status !== 200) {
    throw Object.assign(new Error(`hello was refused: ${status} ${String(body.code)}`), { status, body });
  }
  return keyed(identity, deviceNonce, body);
}

export function keyed({ uuid, passTmp }: DeviceIdentity, deviceNonce: Buffer, reply: Record<string, unknown>): RawHello {
  const context = { uuid, deviceNonce, apId: String(reply.ap_id), apNonce: Buffer.from(String(reply.ap_nonce), 'base64url') };
  return {
    uuid,
    helloId: String(reply.hello_id),
    psk: devicePsk(passTmp, context),
    proof: base64url(deviceProof(passTmp, context)),
    securePort: Number(reply.secure_port),
    reply,
  };
}

/** Makes the hello's request and returns its id. */
export async function askAs(hello: RawHello): Promise<string> {
  const { status, body } = await secureCall(hello.securePort, hello, {
    path: '/v1/access-requests',
    body: { uuid: hello.uuid, device_proof: hello.proof, shows_code: false },
  });
  if (status !== 201) {
    throw Object.assign(new Error(`the request was refused: ${status} ${String(body.code)}`), { status, body });
  }
  return String(body.request_id);
}

export function getStatus(hello: RawHello, requestId: string, wait = 0): Promise<RawReply> {
  return secureCall(hello.securePort, hello, { method: 'GET', path: `/v1/access-requests/${requestId}?wait=${wait}` });
}

export function report(hello: RawHello, requestId: string, status: 'joined' | 'declined'): Promise<RawReply> {
  return secureCall(hello.securePort, hello, { path: `/v1/access-requests/${requestId}/${status}` });
}

function jsonHeaders(headers: Record<string, string>): Record<string, string> {
  return { 'content-type': 'application/json', ...headers };
}

function textOf(body: unknown): string | undefined {
  return body === undefined || typeof body === 'string' ? (body as string | undefined) : JSON.stringify(body);
}

function collect(request: http.ClientRequest, resolve: (reply: RawReply) => void, reject: (error: Error) => void): void {
  request.once('error', reject);
  request.once('response', (response) => {
    let text = '';
    response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
    response.once('error', reject);
    response.once('end', () => {
      resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text === '' ? {} : (JSON.parse(text) as Record<string, unknown>) });
    });
  });
}
