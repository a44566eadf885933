import { isGranted } from '../../domain/access-request.ts';
import type { GrantsOnAir } from './grants-on-air.ts';
import type { Log } from './log.ts';
import type { AgentStore, Radio, RadioEvent, Station } from './ports.ts';
import type { RegistryCopy } from './registry-copy.ts';
import type { RegistryLink } from './registry-link.ts';
import type { UsageMeter } from './usage-meter.ts';

interface Options {
  readonly radio: Radio;
  readonly meter: UsageMeter;
  readonly grants: GrantsOnAir;
  readonly store: AgentStore;
  readonly copy: RegistryCopy;
  readonly link: RegistryLink;
  readonly now: () => Date | undefined;
  readonly log: Log;
  readonly onDisturbed: () => void;
}

/** Who is on the network: counts what they use, and takes a grant's first association for its device's `joined`. */
export class StationWatch {
  readonly #options: Options;
  #counting: Promise<readonly Station[]> | undefined;
  #isCountingDown = false;

  constructor(options: Options) {
    this.#options = options;
    options.radio.watch((event) => this.#heard(event));
  }

  /** Whether one that is on has a quota. */
  get isCountingDown(): boolean {
    return this.#isCountingDown;
  }

  /** Reads the radio's counters; what two ask for at once is read once. An unreachable radio has no stations. */
  count(): Promise<readonly Station[]> {
    this.#counting ??= this.#count().finally(() => {
      this.#counting = undefined;
    });
    return this.#counting;
  }

  async #count(): Promise<readonly Station[]> {
    const { radio, meter, grants, link, log } = this.#options;
    let stations: readonly Station[];
    try {
      stations = await radio.stations();
    } catch (error) {
      log('debug', 'The radio does not say who is on.', { error });
      return [];
    }
    meter.read(stations);
    this.#isCountingDown = stations.some(({ grantId }) => grantId !== undefined && grants.hasQuota(grantId));
    stations.forEach(({ grantId }) => this.#joined(grantId));
    if (stations.length > 0) {
      link.deliverSoon();
    }
    return stations;
  }

  #heard(event: RadioEvent): void {
    if (event.kind === 'disturbed') {
      this.#options.onDisturbed();
    } else if (event.kind === 'dropping') {
      this.#options.log('warn', 'To take passwords that are over out of the radio, all its stations drop for a moment; they may come back at once.', { inSeconds: Math.ceil(event.inMs / 1000) });
    } else if (event.kind === 'joined') {
      this.#joined(event.grantId);
      void this.count();
    }
  }

  /** Whoever uses a grant's own password has read it and joined, also if its device never says so. */
  #joined(grantId: string | undefined): void {
    const { grants, store, copy, link, now, log } = this.#options;
    const requestId = grantId === undefined ? undefined : grants.find(grantId)?.requestId;
    const request = requestId === undefined ? undefined : store.request(requestId);
    if (request === undefined || !isGranted(request.status) || request.status === 'joined') {
      return;
    }
    copy.advance(request.id, 'joined', now() ?? new Date())
      .then(() => link.deliverSoon())
      .catch((error: unknown) => log('error', 'That a device has joined could not be kept.', { requestId: request.id, error }));
  }
}
