import { randomBytes } from 'node:crypto';
import type { Agent } from 'node:https';
import { checkDeviceRequest, checkHello, bytesFromWire, bytesToWire, type DeviceRequestWire } from '../../api/device-exchange.ts';
import type { RequestStatus } from '../../domain/access-request.ts';
import { LatchkeyError } from '../../domain/errors.ts';
import { devicePsk, deviceProof, matchCode } from '../../protocol/device-key.ts';
import { present } from '../../api/wire.ts';
import type { AccessPointLink, AskedRequest, AskOptions, DeviceIdentity, Granted } from '../../roles/device/ports.ts';
import { addressOf, type AccessPointAddress } from './address.ts';
import { deviceExchange, type DeviceCall } from './exchange.ts';
import { readAnswer } from './granted.ts';
import { pskAgent } from './psk.ts';
import { reportJoined } from './report-joined.ts';
import { untilDecided } from './waiting.ts';

/** What this link knows once it has asked. */
interface Session {
  readonly uuid: string;
  readonly requestId: string;
  readonly securePort: number;
  /** A connection under its hello. */
  readonly connect: () => Agent;
}

/** The exchange over TLS-PSK, protocol.md section 1, as the device. */
export class SecureAccessPointLink implements AccessPointLink {
  readonly #address: AccessPointAddress;
  #agent: Agent | undefined;
  #session: Session | undefined;
  #joinedUrl: URL | undefined;

  constructor(address: AccessPointAddress) {
    this.#address = address;
  }

  async ask(identity: DeviceIdentity, { label, showsCode }: AskOptions): Promise<AskedRequest> {
    const { uuid, ssid, passTmp } = identity;
    const deviceNonce = randomBytes(32);
    const hello = await deviceExchange(
      {
        method: 'POST',
        ...this.#address,
        path: '/v1/hello',
        body: { uuid, onboarding_ssid: ssid, device_nonce: bytesToWire(deviceNonce) },
      },
      checkHello,
    );
    const context = { uuid, apId: hello.ap_id, deviceNonce, apNonce: bytesFromWire(hello.ap_nonce) };
    const psk = devicePsk(passTmp, context);
    const connect = () => pskAgent(hello.hello_id, psk);
    this.#agent?.destroy();
    this.#agent = connect();
    const asked = await deviceExchange(
      {
        method: 'POST',
        host: this.#address.host,
        port: hello.secure_port,
        path: '/v1/access-requests',
        body: present({ uuid, device_proof: bytesToWire(deviceProof(passTmp, context)), label, shows_code: showsCode }),
        agent: this.#agent,
      },
      checkDeviceRequest,
    );
    this.#session = { uuid, requestId: asked.request_id, securePort: hello.secure_port, connect };
    return {
      requestId: asked.request_id,
      apId: hello.ap_id,
      apName: hello.ap_name,
      matchCode: showsCode ? matchCode(psk, asked.request_id) : undefined,
    };
  }

  async wait(timeoutMs: number, signal?: AbortSignal): Promise<Granted> {
    const { uuid, requestId } = this.#asked();
    const { granted, joinedUrl } = await untilDecided({
      timeoutMs,
      signal,
      ask: (waitS, either) => this.#get(waitS, either),
      read: (wire) => readAnswer(wire, { requestId, uuid, scheme: 'https:' }),
    });
    this.#joinedUrl = joinedUrl;
    return granted;
  }

  async status(): Promise<RequestStatus> {
    return (await this.#get(0)).status;
  }

  /** Over the main network, or, by a device that is still on the onboarding one, where it asked. */
  async joined(signal?: AbortSignal): Promise<void> {
    const { requestId, securePort, connect } = this.#asked();
    const url = this.#joinedUrl;
    if (url === undefined) {
      throw new LatchkeyError('already_decided', 'Nothing was granted that could be joined.');
    }
    // A connection of the onboarding network leads nowhere on another one, even to the same address.
    this.#agent?.destroy();
    this.#agent = connect();
    await reportJoined({
      there: addressOf(url, 443),
      here: { host: this.#address.host, port: securePort },
      signal,
      post: (address) => this.#post({ path: `/v1/access-requests/${requestId}/joined`, ...address, signal }),
    });
  }

  async declined(): Promise<void> {
    await this.#post({ path: `/v1/access-requests/${this.#asked().requestId}/declined` });
  }

  async close(): Promise<void> {
    this.#agent?.destroy();
  }

  async #get(waitS: number, signal?: AbortSignal): Promise<DeviceRequestWire> {
    const { requestId } = this.#asked();
    const path = `/v1/access-requests/${requestId}?wait=${waitS}`;
    return deviceExchange({ ...this.#secure(), method: 'GET', path, waitMs: waitS * 1000, signal }, checkDeviceRequest);
  }

  async #post(call: Pick<DeviceCall, 'path'> & Partial<DeviceCall>): Promise<void> {
    await deviceExchange({ ...this.#secure(), method: 'POST', ...call });
  }

  #secure() {
    const { securePort } = this.#asked();
    return { host: this.#address.host, port: securePort, ...(this.#agent === undefined ? {} : { agent: this.#agent }) };
  }

  #asked(): Session {
    if (this.#session === undefined) {
      throw new LatchkeyError('internal', 'The access point was not asked yet.');
    }
    return this.#session;
  }
}
