import type { GrantsOnAir } from './grants-on-air.ts';
import type { Log } from './log.ts';
import type { PushedRadio, RadioEvent, Station } from './radio.ts';
import type { RegistryLink } from './registry-link.ts';
import type { UsageMeter } from './usage-meter.ts';

/** Who is on the network, and what they use. */
export interface StationsOn {
  /** Who is on now. Errors: `radio_unreachable`. */
  count(): Promise<readonly Station[]>;
  /** Every second; undefined: there is nothing new to know. */
  tick(ticks: number): Promise<unknown> | undefined;
}

interface Options {
  readonly radio: PushedRadio;
  readonly meter: UsageMeter;
  readonly grants: GrantsOnAir;
  readonly link: RegistryLink;
  /** Whoever uses a grant's own password has joined. */
  readonly onJoined: (grantId: string) => void;
  readonly onDisturbed: () => void;
  readonly log: Log;
}

/** Stations are counted so often where nothing depends on it; each second where a quota does. */
const countEveryTicks = 5;

/** Counts what stations use by the radio's counters. */
export class StationWatch implements StationsOn {
  readonly #options: Options;
  #counting: Promise<readonly Station[]> | undefined;
  /** Whether one that is on has a quota. */
  #isCountingDown = false;

  constructor(options: Options) {
    this.#options = options;
    options.radio.watch((event) => this.#heard(event));
  }

  tick(ticks: number): Promise<unknown> | undefined {
    return ticks % countEveryTicks === 0 || this.#isCountingDown ? this.countIfReachable() : undefined;
  }

  /** Reads the radio's counters; what two ask for at once is read once. Errors: `radio_unreachable`. */
  count(): Promise<readonly Station[]> {
    this.#counting ??= this.#count().finally(() => {
      this.#counting = undefined;
    });
    return this.#counting;
  }

  async #count(): Promise<readonly Station[]> {
    const { radio, meter, grants, link } = this.#options;
    const stations = await radio.stations();
    meter.read(stations);
    this.#isCountingDown = stations.some(({ grantId }) => grantId !== undefined && grants.hasQuota(grantId));
    if (this.#isCountingDown) {
      grants.reconsider();
    }
    stations.forEach(({ grantId }) => this.#joined(grantId));
    if (stations.length > 0) {
      link.deliverSoon();
    }
    return stations;
  }

  /** As `count`; that the radio does not say is written down. */
  async countIfReachable(): Promise<void> {
    try {
      await this.count();
    } catch (error) {
      this.#options.log('debug', 'The radio does not say who is on.', { error });
    }
  }

  #heard(event: RadioEvent): void {
    if (event.kind === 'disturbed') {
      this.#options.onDisturbed();
    } else if (event.kind === 'dropping') {
      this.#options.log('warn', 'To take passwords that are over out of the radio, all its stations drop for a moment; they may come back at once.', { inSeconds: Math.ceil(event.inMs / 1000) });
    } else if (event.kind === 'joined') {
      this.#joined(event.grantId);
      void this.countIfReachable();
    }
  }

  #joined(grantId: string | undefined): void {
    if (grantId !== undefined) {
      this.#options.onJoined(grantId);
    }
  }
}
