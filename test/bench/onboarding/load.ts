/**
 * Many devices that all ask at once, each from an address of its own: through the whole exchange from hello to
 * password, or a bare TLS-PSK handshake. `load.ts '{"kind": …, …}'`.
 */
import { randomBytes } from 'node:crypto';
import { connect as connectTcp } from 'node:net';
import { connect as connectTls, createSecureContext, type ConnectionOptions, type TLSSocket } from 'node:tls';
import { once } from 'node:events';
import { devicePsk, deviceProof } from '../../../src/protocol/device-key.ts';
import { base64url } from '../../../src/protocol/encoding.ts';
import { benchDevice } from '../bench-device.ts';
import { peakMemoryMiB, usageOf } from '../process-usage.ts';
import { quantile } from '../statistics.ts';
import { HttpExchange, type Answer } from './http-exchange.ts';
import { barePsk, clientOptions } from './psk-options.ts';

export interface OnboardingLoad {
  readonly kind: 'handshake' | 'exchange';
  /** Of the bare server or of the agent's hello listener. */
  readonly port: number;
  readonly serverPid: number;
  readonly devices: number;
  /** So many others go before, and do not count. */
  readonly warmUpDevices: number;
  readonly onboardingSsid: string;
}

export interface OnboardingResult {
  readonly granted: number;
  readonly seconds: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** When half of the devices had come through each step. */
  readonly stepsP50Ms: Readonly<Record<string, number>>;
  /** CPU time of the measured process for each device. */
  readonly cpuMillis: number;
  readonly peakMemoryMiB: number;
  readonly failures: readonly string[];
}

const options = JSON.parse(process.argv[2] ?? '{}') as OnboardingLoad;
const secureContext = createSecureContext(clientOptions);
const steps: Record<string, number[]> = {};
let start = 0;

function reached(step: string): number {
  const after = performance.now() - start;
  (steps[step] ??= []).push(after);
  return after;
}

/** 127.1.0.0/16: the agent limits what one address may have open. */
function addressOf(index: number): string {
  return `127.1.${(index >> 8) & 255}.${index & 255}`;
}

async function handshake(index: number, port: number, identity: string, psk: Uint8Array): Promise<TLSSocket> {
  const to: ConnectionOptions & { localAddress: string } = {
    host: '127.0.0.1', port, localAddress: addressOf(index), secureContext,
    pskCallback: () => ({ identity, psk }), checkServerIdentity: () => undefined,
  };
  const socket = connectTls(to);
  await once(socket, 'secureConnect');
  return socket;
}

async function bare(index: number): Promise<number> {
  const socket = await handshake(index, options.port, 'device', barePsk);
  const after = reached('handshake');
  socket.on('error', () => {});
  socket.destroy();
  return after;
}

function expect(answer: Answer, status: number): Record<string, unknown> {
  if (answer.status !== status) {
    throw new Error(`${answer.status} ${JSON.stringify(answer.body)}`);
  }
  return answer.body;
}

async function exchange(index: number): Promise<number> {
  const { uuid, passTmp } = benchDevice(index);
  const deviceNonce = randomBytes(32);
  const open = connectTcp({ host: '127.0.0.1', port: options.port, localAddress: addressOf(index) });
  await once(open, 'connect');
  reached('connected');
  const hello = expect(
    await new HttpExchange(open).ask('POST', '/v1/hello', {
      uuid, onboarding_ssid: options.onboardingSsid, device_nonce: base64url(deviceNonce),
    }),
    200,
  );
  open.destroy();
  reached('hello');
  const context = {
    uuid, deviceNonce, apId: String(hello.ap_id), apNonce: Buffer.from(String(hello.ap_nonce), 'base64url'),
  };
  const socket = await handshake(index, Number(hello.secure_port), String(hello.hello_id), devicePsk(passTmp, context));
  reached('handshake');
  const http = new HttpExchange(socket);
  const asked = expect(
    await http.ask('POST', '/v1/access-requests', {
      uuid, device_proof: base64url(deviceProof(passTmp, context)), shows_code: false,
    }),
    201,
  );
  reached('request');
  for (;;) {
    const status = expect(await http.ask('GET', `/v1/access-requests/${String(asked.request_id)}?wait=25`), 200);
    if (typeof status.password === 'string') {
      const after = reached('password');
      socket.destroy();
      return after;
    }
    if (status.status !== 'pending') {
      throw new Error(`the request is ${String(status.status)}`);
    }
  }
}

/** All of them at once, by their numbers. */
async function allOf(from: number, count: number): Promise<PromiseSettledResult<number>[]> {
  const numbers = Array.from({ length: count }, (_, index) => from + index);
  start = performance.now();
  return Promise.allSettled(numbers.map((number) => (options.kind === 'handshake' ? bare(number) : exchange(number))));
}

await allOf(options.devices, options.warmUpDevices);
for (const step of Object.keys(steps)) {
  delete steps[step];
}
const before = usageOf(options.serverPid);
const outcomes = await allOf(0, options.devices);
const seconds = (performance.now() - start) / 1000;
const after = usageOf(options.serverPid);
const times = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
const result: OnboardingResult = {
  granted: times.length,
  seconds,
  p50Ms: times.length === 0 ? Number.NaN : quantile(times, 0.5),
  p99Ms: times.length === 0 ? Number.NaN : quantile(times, 0.99),
  stepsP50Ms: Object.fromEntries(Object.entries(steps).map(([step, values]) => [step, quantile(values, 0.5)])),
  cpuMillis: (after.cpuMs - before.cpuMs) / options.devices,
  peakMemoryMiB: peakMemoryMiB(options.serverPid),
  failures: [...new Set(outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [String(outcome.reason)] : [])))].slice(0, 5),
};
console.log(JSON.stringify(result));
