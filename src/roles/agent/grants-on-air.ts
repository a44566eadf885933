import { isInForce, isSpent, laterUsage, type Grant, type GrantUsage } from '../../domain/grant.ts';
import type { Log } from './log.ts';
import type { GrantOnAir, Radio, RadioStatus } from './ports.ts';
import type { GrantEnd } from './registry-copy.ts';
import type { UsageMeter } from './usage-meter.ts';

interface Options {
  readonly radio: Radio;
  readonly meter: UsageMeter;
  readonly now: () => Date | undefined;
  /** How long a spent grant whose policy is to restrict reaches the agent, in milliseconds. */
  readonly graceMs: number;
  /** The VLAN of a grant that names none itself. */
  readonly vlanOf: (grant: Grant) => number | undefined;
  /** The address by which a grant's subject was last seen. */
  readonly macOf: (grant: Grant) => string | undefined;
  readonly log: Log;
  /** Grants that the radio now lets in and did not before. */
  readonly onNew: (grants: readonly Grant[]) => void;
}

/** What time and traffic have made of the grants. */
interface Standing {
  readonly wanted: readonly GrantOnAir[];
  /** Those to be ended. */
  readonly over: readonly GrantEnd[];
  /** When the next of them begins or ends, in milliseconds since 1970; infinite: none does. */
  readonly nextAt: number;
}

/**
 * Keeps the radio in step with the active grants: they are what should be, the radio converges to it. One
 * convergence runs at a time, and all that changes meanwhile goes into the next.
 */
export class GrantsOnAir {
  readonly #options: Options;
  readonly #active = new Map<string, Grant>();
  /** What the radio has; restricted ones are true. */
  #onAir: ReadonlyMap<string, boolean> = new Map();
  #running: Promise<void> = Promise.resolve();
  #next: Promise<void> | undefined;
  #trouble: RadioStatus['trouble'];
  #failures = 0;

  constructor(options: Options) {
    this.#options = options;
  }

  take(grants: readonly Grant[]): void {
    for (const grant of grants) {
      if (grant.state === 'active') {
        this.#active.set(grant.id, grant);
      } else {
        this.#active.delete(grant.id);
      }
    }
  }

  get activeCount(): number {
    return this.#active.size;
  }

  find(grantId: string): Grant | undefined {
    return this.#active.get(grantId);
  }

  /** The grant if the radio lets its subject in now. */
  onAir(grantId: string): Grant | undefined {
    const grant = this.#active.get(grantId);
    const now = this.#options.now();
    return grant !== undefined && this.#onAir.has(grantId) && (now === undefined || isInForce(grant, now)) ? grant : undefined;
  }

  usage(grant: Grant): GrantUsage {
    return laterUsage(grant.usage, this.#options.meter.usage(grant.id));
  }

  status(): RadioStatus {
    const { kind, enforcement } = this.#options.radio;
    return { kind, enforcement, trouble: this.#trouble, failures: this.#failures };
  }

  /** Whether what is on the air is not what should be there. */
  isBehind({ wanted }: Standing): boolean {
    return wanted.length !== this.#onAir.size || wanted.some(({ grant, restricted }) => this.#onAir.get(grant.id) !== restricted);
  }

  /** Whether the traffic of one that is on the air is counted down. */
  hasQuota(grantId: string): boolean {
    return this.#onAir.has(grantId) && this.#active.get(grantId)?.quotaBytes !== undefined;
  }

  standing(): Standing {
    const now = this.#options.now();
    const wanted: GrantOnAir[] = [];
    const over: GrantEnd[] = [];
    let nextAt = Infinity;
    for (const grant of this.#active.values()) {
      const { startsAt, endsAt, vlan } = grant;
      const spent = this.#spent(grant, now);
      if (now !== undefined && endsAt !== undefined && endsAt <= now) {
        over.push({ grant, reason: 'its time is over' });
      } else if (spent === 'over') {
        over.push({ grant, reason: 'its traffic is used up' });
      } else if (now === undefined || startsAt <= now) {
        wanted.push({ grant, restricted: spent === 'restricted', vlan: vlan ?? this.#options.vlanOf(grant), mac: this.#options.macOf(grant) });
        nextAt = Math.min(nextAt, endsAt?.getTime() ?? Infinity);
      } else {
        nextAt = Math.min(nextAt, startsAt.getTime());
      }
    }
    return { wanted, over, nextAt };
  }

  #spent(grant: Grant, now: Date | undefined): 'no' | 'restricted' | 'over' {
    if (grant.quotaBytes === undefined) {
      return 'no';
    }
    const { meter, graceMs } = this.#options;
    const { spentAt } = meter.usage(grant.id);
    if (!isSpent({ quotaBytes: grant.quotaBytes, usage: this.usage(grant) })) {
      if (spentAt !== undefined) {
        meter.setSpent(grant.id, undefined);
      }
      return 'no';
    }
    if (grant.policy === 'cut') {
      return 'over';
    }
    if (now !== undefined && spentAt === undefined) {
      meter.setSpent(grant.id, now);
    }
    return now === undefined || spentAt === undefined || now.getTime() - spentAt.getTime() < graceMs ? 'restricted' : 'over';
  }

  /** Resolves when the radio was brought in step with what is active now, or could not be (which is told). */
  converge(): Promise<void> {
    this.#next ??= this.#running.then(async () => {
      // What else comes up in this turn of the event loop goes along.
      await new Promise(setImmediate);
      this.#next = undefined;
      return this.#converge();
    });
    this.#running = this.#next;
    return this.#running;
  }

  async #converge(): Promise<void> {
    const { radio, onNew } = this.#options;
    const { wanted } = this.standing();
    try {
      const unenforced = await radio.converge(wanted);
      if (unenforced === undefined) {
        this.#recovered();
      } else {
        this.#failed(new Error(unenforced));
      }
    } catch (error) {
      this.#failed(error);
      return;
    }
    const before = this.#onAir;
    this.#onAir = new Map(wanted.map(({ grant, restricted }) => [grant.id, restricted]));
    onNew(wanted.filter(({ grant }) => !before.has(grant.id)).map(({ grant }) => grant));
  }

  #failed(error: unknown): void {
    const { radio, log, now } = this.#options;
    const detail = error instanceof Error ? error.message : String(error);
    this.#failures += 1;
    if (this.#trouble?.detail !== detail) {
      log('error', 'The radio is not in step with the grants; trying again.', { radio: radio.kind, error });
    }
    this.#trouble = { detail, since: this.#trouble?.since ?? now() ?? new Date() };
  }

  #recovered(): void {
    if (this.#trouble !== undefined) {
      this.#options.log('info', 'The radio is in step with the grants again.', { since: this.#trouble.since });
      this.#trouble = undefined;
    }
  }
}
