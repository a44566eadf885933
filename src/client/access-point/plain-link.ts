import { checkDeviceRequest, type DeviceRequestWire } from '../../api/device-exchange.ts';
import type { RequestStatus } from '../../domain/access-request.ts';
import { LatchkeyError } from '../../domain/errors.ts';
import type { AccessPointLink, AskedRequest, DeviceIdentity, Granted } from '../../roles/device/ports.ts';
import { addressOf, type AccessPointAddress } from './address.ts';
import { deviceExchange } from './exchange.ts';
import { readAnswer } from './granted.ts';
import { reportJoined } from './report-joined.ts';
import { untilDecided } from './waiting.ts';

interface Session {
  readonly identity: DeviceIdentity;
  readonly requestId: string;
}

/**
 * The literal exchange (protocol.md section 1, literal mode): pass_tmp in the clear, to whatever answers. Only
 * for those who ask for it by name; nothing ever falls back to it.
 */
export class PlainAccessPointLink implements AccessPointLink {
  readonly #address: AccessPointAddress;
  #session: Session | undefined;
  #joinedUrl: URL | undefined;

  constructor(address: AccessPointAddress) {
    this.#address = address;
  }

  async ask(identity: DeviceIdentity): Promise<AskedRequest> {
    const { request_id: requestId } = await this.#post(identity, 0);
    this.#session = { identity, requestId };
    return { requestId, apId: '', apName: this.#address.host, matchCode: undefined };
  }

  async wait(timeoutMs: number, signal?: AbortSignal): Promise<Granted> {
    const { identity, requestId } = this.#asked();
    const { granted, joinedUrl } = await untilDecided({
      timeoutMs,
      signal,
      ask: (waitS, either) => this.#post(identity, waitS, either),
      read: (wire) => readAnswer(wire, { requestId, uuid: identity.uuid, scheme: 'http:' }),
    });
    this.#joinedUrl = joinedUrl;
    return granted;
  }

  async status(): Promise<RequestStatus> {
    return (await this.#post(this.#asked().identity, 0)).status;
  }

  async joined(signal?: AbortSignal): Promise<void> {
    const here = this.#address;
    const there = this.#joinedUrl === undefined ? here : addressOf(this.#joinedUrl, 80);
    await reportJoined({ there, here, signal, post: (address) => this.#report('joined', address, signal) });
  }

  async declined(): Promise<void> {
    await this.#report('declined', this.#address);
  }

  async close(): Promise<void> {}

  #post(identity: DeviceIdentity, waitS: number, signal?: AbortSignal): Promise<DeviceRequestWire> {
    const path = `/v1/access-requests?wait=${waitS}`;
    return deviceExchange(
      { method: 'POST', ...this.#address, path, body: bodyOf(identity), waitMs: waitS * 1000, signal },
      checkDeviceRequest,
    );
  }

  async #report(status: 'joined' | 'declined', address: AccessPointAddress, signal?: AbortSignal): Promise<void> {
    const { identity, requestId } = this.#asked();
    const path = `/v1/access-requests/${requestId}/${status}`;
    await deviceExchange({ method: 'POST', ...address, path, body: bodyOf(identity), signal });
  }

  #asked(): Session {
    if (this.#session === undefined) {
      throw new LatchkeyError('internal', 'The access point was not asked yet.');
    }
    return this.#session;
  }
}

function bodyOf({ uuid, ssid, passTmp }: DeviceIdentity) {
  return { uuid, onboarding_ssid: ssid, pass_tmp: passTmp };
}
