import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { RequestStatus } from '../../domain/access-request.ts';
import type { Random } from '../../domain/clock.ts';
import { LatchkeyError, type ErrorCode } from '../../domain/errors.ts';
import { devicePsk, deviceProof } from '../../protocol/device-key.ts';
import type { AccessDesk, RequestAnswer } from './access-desk.ts';
import type { LiveHello } from './hello-book.ts';
import type { Log } from './log.ts';
import type { Throttle } from './throttle.ts';

export interface PlainInput {
  readonly uuid: string;
  readonly onboardingSsid: string;
  readonly passTmp: string;
}

/** The same POST after these asks anew. */
const over: readonly (RequestStatus | undefined)[] = ['declined', 'expired'];
const refused: readonly ErrorCode[] = ['proof_rejected', 'device_revoked', 'device_spent'];

interface Options {
  readonly allowed: boolean;
  /** Every refusal takes this long, whatever it is for. */
  readonly refusalMs: number;
  readonly random: Random;
  readonly monotonic: () => number;
  readonly log: Log;
}

/**
 * The literal exchange (protocol.md section 1, literal mode): pass_tmp as it is, compared here with what the
 * registry holds, without the registry ever handing that out. Off unless allowed.
 */
export class PlainExchange {
  readonly #desk: AccessDesk;
  readonly #throttle: Throttle;
  readonly #options: Options;
  readonly #key = randomBytes(32);
  /** Requests being made, by device and pass_tmp: the same POST twice at once is one. */
  readonly #asking = new Map<string, Promise<LiveHello>>();

  constructor(desk: AccessDesk, throttle: Throttle, options: Options) {
    this.#desk = desk;
    this.#throttle = throttle;
    this.#options = options;
  }

  get allowed(): boolean {
    return this.#options.allowed;
  }

  /**
   * The request of this device, made if there is none yet; with its answer as soon as it is decided. Errors:
   * `plain_disabled` (off, unknown, out of scope, revoked, spent or unequal: one answer for all, after one time),
   * `wrong_ssid`, `rate_limited`, `agent_busy`, `server_unavailable`.
   */
  async request(input: PlainInput, from: string, waitMs: number, signal?: AbortSignal): Promise<RequestAnswer> {
    const live = await this.#proven(input, from);
    return this.#desk.wait(live, waitMs, signal);
  }

  /** The answer with the password has left for the device. */
  async delivered(requestId: string): Promise<void> {
    await this.#desk.delivered(requestId);
  }

  /** joined or declined, by a device that shows its pass_tmp again. Errors: as `request`, `already_decided`. */
  async report(input: PlainInput, requestId: string, status: 'joined' | 'declined', from: string): Promise<void> {
    const startedAt = this.#options.monotonic();
    this.#admit(input, from);
    const live = this.#options.allowed ? this.#earlier(input) : undefined;
    if (live?.request?.id !== requestId) {
      throw await this.#refusal(startedAt);
    }
    await this.#desk.advance(live, status);
  }

  async #proven(input: PlainInput, from: string): Promise<LiveHello> {
    const { allowed, monotonic, log } = this.#options;
    const startedAt = monotonic();
    // Off or on, who may try at all and whose tries are counted is the same.
    this.#admit(input, from);
    if (!allowed) {
      this.#throttle.count(from);
      this.#desk.record(input.uuid, from, 'plain_off');
      throw await this.#refusal(startedAt);
    }
    log('warn', 'A device showed its pass_tmp in the clear (--allow-plain).', { uuid: input.uuid, from });
    const earlier = this.#earlier(input);
    if (earlier !== undefined && !over.includes(earlier.request?.status)) {
      return earlier;
    }
    const key = createHmac('sha256', this.#key).update(`${input.uuid}\0${input.passTmp}`).digest('hex');
    let asking = this.#asking.get(key);
    if (asking === undefined) {
      asking = this.#compare(input, from, startedAt).finally(() => this.#asking.delete(key));
      this.#asking.set(key, asking);
    }
    return asking;
  }

  #admit({ uuid, onboardingSsid }: PlainInput, from: string): void {
    this.#desk.admit(uuid, onboardingSsid, from);
  }

  /** The request that this pass_tmp made before: its hello's key follows from it. */
  #earlier({ uuid, passTmp }: PlainInput): LiveHello | undefined {
    return this.#desk
      .ofDevice(uuid)
      .filter(({ request }) => request?.plain === true)
      .findLast(({ hello, request }) => {
        const key = devicePsk(passTmp, { ...hello, apId: request!.apId });
        return timingSafeEqual(key, hello.psk);
      });
  }

  async #compare({ uuid, passTmp }: PlainInput, from: string, startedAt: number): Promise<LiveHello> {
    const deviceNonce = this.#options.random.bytes(32);
    const { live, status, identity } = await this.#desk.open({ uuid, deviceNonce }, from);
    const context = { ...live.hello, apId: identity.apId };
    const equal = timingSafeEqual(devicePsk(passTmp, context), live.hello.psk);
    if (!equal) {
      this.#desk.close(live);
      this.#throttle.count(from);
      this.#desk.record(uuid, from, status === 'known' ? 'bad_proof' : status, 'in the literal exchange');
      throw await this.#refusal(startedAt);
    }
    try {
      const proof = deviceProof(passTmp, context);
      await this.#desk.ask(live, { deviceProof: proof, label: undefined, showsCode: false, plain: true });
    } catch (error) {
      this.#desk.close(live);
      throw error instanceof LatchkeyError && refused.includes(error.code) ? await this.#refusal(startedAt) : error;
    }
    return live;
  }

  async #refusal(startedAt: number): Promise<LatchkeyError> {
    const { refusalMs, monotonic } = this.#options;
    await delay(Math.max(0, startedAt + refusalMs - monotonic()));
    return new LatchkeyError('plain_disabled');
  }
}
