import { setTimeout as delay } from 'node:timers/promises';
import type { Grant } from '../../domain/grant.ts';
import { remember } from '../remember.ts';
import type { AttemptLog } from './attempt-log.ts';
import type { GrantsInForce } from './grants-in-force.ts';
import type { Log } from './log.ts';
import type { DppAnnouncement, DppConfigurator, Radio } from './radio.ts';
import type { RegistryCopy } from './registry-copy.ts';
import { isAway, type RegistryLink } from './registry-link.ts';
import type { AgentStore } from './store.ts';
import type { SubjectMacs } from './subject-macs.ts';
import type { Waiters } from './waiters.ts';

interface Options {
  readonly configurator: DppConfigurator;
  readonly store: AgentStore;
  readonly copy: RegistryCopy;
  readonly link: RegistryLink;
  readonly grants: GrantsInForce;
  readonly radio: Radio;
  readonly macs: SubjectMacs;
  readonly attempts: AttemptLog;
  readonly waiters: Waiters;
  readonly now: () => Date | undefined;
  readonly monotonic: () => number;
  readonly log: Log;
}

/** A device that has announced itself. */
interface Announced {
  /** As it was heard last. */
  heard: DppAnnouncement;
  /** It is not attended to before. */
  quietUntil: number;
  /** Undefined: the registry has not named it. */
  asked: { readonly requestId: string; readonly publicKey: Uint8Array } | undefined;
  isAttended: boolean;
  /** How often in a row it took nothing. */
  failures: number;
}

/** What is to be done about it: ask, nothing, wait, or give it the password of a grant. */
type Standing = 'unasked' | 'denied' | 'waiting' | Grant;

/** Those that the registry has named, and as many others, which anybody can make up. */
const rememberedDevices = 1024;
/**
 * The registry is asked about one after the other: so long after the last one, after an unknown one so long. Few may wait
 * for it; a device that is passed over announces itself again within half a minute.
 */
const questionPaceMs = 100;
const strangerPaceMs = 1000;
const mostWaiting = 4;
/** One that does not get on is asked about again after this, and so is one for which something went wrong. */
const refusedMs = 60_000;
/** One that the owner has denied is not told so, and goes on announcing itself: it asks again after this. */
const deniedMs = 600_000;
/** A device that is not heard for so long has gone, or is between its rounds. */
const listeningMs = 60_000;
/** Frames get lost. One that has taken nothing in so many tries leaves the radio to others, each time for longer. */
const tries = 3;
const failedMs = 5000;
const longestFailedMs = 60_000;

/**
 * Devices that speak DPP (Wi-Fi Easy Connect). An announcement proves nothing: it finds the device, whose owner is asked,
 * and who is then given its password has to prove by its key that it is the device.
 */
export class DppDesk {
  readonly #options: Options;
  readonly #devices = new Map<string, Announced>();
  readonly #strangers = new Map<string, Announced>();
  readonly #closing = new AbortController();
  #question: Promise<unknown> = Promise.resolve();
  #waiting = 0;

  constructor(options: Options) {
    this.#options = options;
    options.configurator.onAnnouncement((heard) => this.#heard(heard));
  }

  close(): void {
    this.#closing.abort();
  }

  #heard(heard: DppAnnouncement): void {
    const { monotonic, log } = this.#options;
    const key = Buffer.from(heard.hash).toString('hex');
    const device = this.#devices.get(key) ?? this.#strangers.get(key) ?? { heard, quietUntil: 0, asked: undefined, isAttended: false, failures: 0 };
    device.heard = heard;
    remember(device.asked === undefined ? this.#strangers : this.#devices, key, device, rememberedDevices);
    if (device.isAttended || monotonic() < device.quietUntil || this.#closing.signal.aborted) {
      return;
    }
    device.isAttended = true;
    this.#attend(device, key)
      .catch((error: unknown) => {
        device.quietUntil = monotonic() + refusedMs;
        log('warn', 'A device that announced itself by DPP could not be attended to.', { mac: heard.mac, error });
      })
      .finally(() => {
        device.isAttended = false;
      });
  }

  async #attend(device: Announced, key: string): Promise<void> {
    if (this.#standing(device) === 'unasked') {
      await this.#ask(device, key);
    }
    if (device.asked !== undefined) {
      const isDecided = () => this.#standing(device) !== 'waiting';
      await this.#options.waiters.until(device.asked.requestId, isDecided, listeningMs, this.#closing.signal);
    }
    const standing = this.#standing(device);
    if (typeof standing === 'object' && device.asked !== undefined) {
      await this.#configure(device, device.asked, standing);
    }
  }

  /** Asks the registry whose key it is, which makes its request. */
  async #ask(device: Announced, key: string): Promise<void> {
    if (this.#waiting === mostWaiting) {
      return;
    }
    this.#waiting += 1;
    const asking = this.#question.then(() => this.#askNow(device, key));
    const pause = (ms: number) => delay(ms, undefined, { signal: this.#closing.signal, ref: false });
    this.#question = asking.then(() => pause(device.asked === undefined ? strangerPaceMs : questionPaceMs)).catch(() => {});
    await asking.finally(() => (this.#waiting -= 1));
  }

  async #askNow(device: Announced, key: string): Promise<void> {
    const { link, copy, attempts, monotonic } = this.#options;
    const { hash, mac: from } = device.heard;
    if (this.#closing.signal.aborted) {
      return;
    }
    try {
      const { status, asked } = await link.call((ap) => ap.requestByDpp(hash));
      if (asked === undefined) {
        device.quietUntil = monotonic() + refusedMs;
        if (status !== 'known') {
          attempts.record({ uuid: undefined, from, outcome: status, detail: 'by DPP' });
        }
        return;
      }
      const { request, publicKey } = asked;
      await copy.apply({ requests: [request] });
      device.asked = { requestId: request.id, publicKey };
      this.#strangers.delete(key);
      remember(this.#devices, key, device, rememberedDevices);
      attempts.record({ uuid: request.uuid, from, outcome: 'asked', detail: 'by DPP' });
    } catch (error) {
      if (!isAway(error)) {
        throw error;
      }
      attempts.record({ uuid: undefined, from, outcome: 'server_away', detail: 'by DPP' });
    }
  }

  async #configure(device: Announced, { requestId, publicKey }: NonNullable<Announced['asked']>, grant: Grant): Promise<void> {
    const { configurator, radio, macs, copy, link, attempts, now, monotonic } = this.#options;
    const credential = await radio.credential(grant);
    for (let tried = 0; tried < tries && typeof this.#standing(device) === 'object'; tried += 1) {
      // Meanwhile it may be heard from elsewhere, by whoever says so; it is this one that proves itself.
      const { heard } = device;
      if (await configurator.configure(heard, publicKey, credential)) {
        macs.seen(grant.subject.id, heard.mac);
        await copy.advance(requestId, 'delivered', now() ?? new Date());
        link.deliverSoon();
        device.failures = 0;
        return;
      }
    }
    if (typeof this.#standing(device) !== 'object') {
      return;
    }
    if (device.failures === 0) {
      attempts.record({ uuid: grant.subject.id, from: device.heard.mac, outcome: 'expired', detail: 'by DPP: it did not prove itself, or did not take its password' });
    }
    device.quietUntil = monotonic() + Math.min(longestFailedMs, failedMs * 2 ** device.failures);
    device.failures += 1;
  }

  #standing({ asked }: Announced): Standing {
    const { store, grants } = this.#options;
    const request = asked === undefined ? undefined : store.onboarding.request(asked.requestId);
    const now = this.#options.now();
    if (request === undefined || now === undefined || this.#closing.signal.aborted) {
      return 'unasked';
    }
    switch (request.status) {
      case 'pending':
        return now < request.expiresAt ? 'waiting' : 'unasked';
      case 'approved':
      case 'delivered': {
        const { grantId } = request;
        const isOver = grantId !== undefined && (store.grants.grant(grantId)?.state ?? 'active') !== 'active';
        return isOver ? 'unasked' : ((grantId === undefined ? undefined : grants.onAir(grantId)) ?? 'waiting');
      }
      case 'denied':
        return now.getTime() < (request.decidedAt?.getTime() ?? 0) + deniedMs ? 'denied' : 'unasked';
      default:
        return 'unasked';
    }
  }
}
