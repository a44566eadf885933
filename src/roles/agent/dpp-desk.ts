import { isGranted, type AccessRequest } from '../../domain/access-request.ts';
import type { Grant } from '../../domain/grant.ts';
import { remember } from '../remember.ts';
import type { AttemptLog } from './attempt-log.ts';
import type { GrantsInForce } from './grants-in-force.ts';
import type { Log } from './log.ts';
import type { AgentStore, DppAnnouncement, DppConfigurator, Radio } from './ports.ts';
import type { RegistryCopy } from './registry-copy.ts';
import { isAway, type RegistryLink } from './registry-link.ts';
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

interface Asked {
  readonly requestId: string;
  readonly publicKey: Uint8Array;
  /** It was to have its password, and did not prove itself or did not take it. */
  hasFailed: boolean;
}

/** A device that has announced itself. */
interface Announced {
  /** As it was heard last. */
  heard: DppAnnouncement;
  /** Nothing is asked about it before. */
  quietUntil: number;
  asked: Asked | undefined;
  isAttended: boolean;
}

const rememberedDevices = 1024;
/** Anybody can announce any hash: the registry is asked about one after the other, and no more often than this. */
const questionPaceMs = 100;
/** One that does not get on is asked about again after this. */
const refusedMs = 60_000;
/** One that the owner has denied is not told so, and goes on announcing itself: it asks again after this. */
const deniedMs = 600_000;
/** Frames get lost. */
const tries = 3;
/** A device that is not heard for so long has gone, or is between its rounds. */
const listeningMs = 60_000;

/**
 * Devices that speak DPP (Wi-Fi Easy Connect). An announcement proves nothing: it finds the device, whose owner is asked,
 * and who is then given its password has to prove by its key that it is the device.
 */
export class DppDesk {
  readonly #options: Options;
  readonly #devices = new Map<string, Announced>();
  readonly #closing = new AbortController();
  #isAsking = false;
  #nextQuestionAt = 0;

  constructor(options: Options) {
    this.#options = options;
    options.configurator.onAnnouncement((heard) => this.#heard(heard));
  }

  close(): void {
    this.#closing.abort();
  }

  #heard(heard: DppAnnouncement): void {
    const key = Buffer.from(heard.hash).toString('hex');
    const device = this.#devices.get(key) ?? { heard, quietUntil: 0, asked: undefined, isAttended: false };
    device.heard = heard;
    remember(this.#devices, key, device, rememberedDevices);
    if (device.isAttended || this.#options.monotonic() < device.quietUntil) {
      return;
    }
    device.isAttended = true;
    this.#attend(device)
      .catch((error: unknown) => this.#options.log('warn', 'A device that announced itself by DPP could not be attended to.', { mac: heard.mac, error }))
      .finally(() => {
        device.isAttended = false;
      });
  }

  async #attend(device: Announced): Promise<void> {
    if (this.#wasDenied(device)) {
      return;
    }
    if (this.#openRequest(device) === undefined) {
      await this.#ask(device);
    }
    const { asked } = device;
    if (asked === undefined) {
      return;
    }
    const isDecided = () => this.#openRequest(device) === undefined || this.#grant(device) !== undefined;
    await this.#options.waiters.until(asked.requestId, isDecided, listeningMs, this.#closing.signal);
    const grant = this.#grant(device);
    if (grant !== undefined && !this.#closing.signal.aborted) {
      await this.#configure(device, asked, grant);
    }
  }

  /** Asks the registry whose key it is, which makes its request. */
  async #ask(device: Announced): Promise<void> {
    const { link, copy, attempts, monotonic } = this.#options;
    const { hash, mac: from } = device.heard;
    device.asked = undefined;
    if (this.#isAsking || monotonic() < this.#nextQuestionAt) {
      return;
    }
    this.#isAsking = true;
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
      device.asked = { requestId: request.id, publicKey, hasFailed: false };
      await copy.apply({ requests: [request] });
      attempts.record({ uuid: request.uuid, from, outcome: 'asked', detail: 'by DPP' });
    } catch (error) {
      if (!isAway(error)) {
        throw error;
      }
      attempts.record({ uuid: undefined, from, outcome: 'server_away', detail: 'by DPP' });
    } finally {
      this.#isAsking = false;
      this.#nextQuestionAt = monotonic() + questionPaceMs;
    }
  }

  async #configure(device: Announced, asked: Asked, grant: Grant): Promise<void> {
    const { configurator, radio, macs, copy, link, attempts, now } = this.#options;
    const credential = await radio.credential(grant);
    let isTaken = false;
    for (let tried = 0; tried < tries && !isTaken && this.#grant(device) !== undefined && !this.#closing.signal.aborted; tried += 1) {
      isTaken = await configurator.configure(device.heard, asked.publicKey, credential);
    }
    const { heard } = device;
    if (isTaken) {
      macs.seen(grant.subject.id, heard.mac);
      await copy.advance(asked.requestId, 'delivered', now() ?? new Date());
      link.deliverSoon();
    } else if (!asked.hasFailed) {
      asked.hasFailed = true;
      attempts.record({ uuid: grant.subject.id, from: heard.mac, outcome: 'expired', detail: 'by DPP: it did not prove itself, or did not take its password' });
    }
  }

  #request({ asked }: Announced): AccessRequest | undefined {
    return asked === undefined ? undefined : this.#options.store.onboarding.request(asked.requestId);
  }

  #wasDenied(device: Announced): boolean {
    const { status, decidedAt } = this.#request(device) ?? {};
    const now = this.#options.now();
    return status === 'denied' && decidedAt !== undefined && now !== undefined && now.getTime() < decidedAt.getTime() + deniedMs;
  }

  /** While it may be decided, or its password be taken once more. */
  #openRequest(device: Announced): AccessRequest | undefined {
    const request = this.#request(device);
    const now = this.#options.now();
    switch (request?.status) {
      case 'pending':
        return now !== undefined && now < request.expiresAt ? request : undefined;
      case 'approved':
      case 'delivered':
        return request.grantId !== undefined && isOver(this.#options.store.grants.grant(request.grantId)) ? undefined : request;
      default:
        return undefined;
    }
  }

  #grant(device: Announced): Grant | undefined {
    const request = this.#openRequest(device);
    return request?.grantId === undefined || !isGranted(request.status) ? undefined : this.#options.grants.onAir(request.grantId);
  }
}

function isOver(grant: Grant | undefined): boolean {
  return grant !== undefined && grant.state !== 'active';
}
