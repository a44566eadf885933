import type { Clock } from '../../domain/clock.ts';
import { LatchkeyError } from '../../domain/errors.ts';
import { noUsage, timeUpAt, type Grant, type GrantUsage } from '../../domain/grant.ts';
import { passedThresholds, type LowThreshold, type Remaining } from '../../domain/low-threshold.ts';
import type { ShareRequest } from '../../domain/share-request.ts';
import type { SharedAccessPoint, SharingRole } from '../sharing/ports.ts';
import type { MeterSigner, SharerEvent } from './ports.ts';

interface Options {
  readonly sharing: Pick<SharingRole, 'read' | 'usage' | 'warn'>;
  readonly accessPoint: Pick<SharedAccessPoint, 'usage'>;
  readonly signer: MeterSigner;
  readonly thresholds: readonly LowThreshold[];
  readonly clock: Clock;
  readonly onEvent: (event: SharerEvent) => void;
  /** The registry says that this request is in another state. */
  readonly onOver: (requestId: string) => void;
}

/** An access request that is ready or active. */
interface Metered {
  request: ShareRequest;
  /** As it is at the registry; undefined: it is to be asked for. */
  grant: Grant | undefined;
  /** What the registry has from here. */
  told: GrantUsage | undefined;
  /** Thresholds that the guest was told of, of so much in all. */
  readonly warned: Set<string>;
}

/**
 * Brings the registry what the access point has counted, signed, and warns guests whose purchase runs low. Nothing of it has
 * to be remembered: after a restart all is read and said once more, and counts once.
 */
export class Metering {
  readonly #options: Options;
  readonly #metered = new Map<string, Metered>();

  constructor(options: Options) {
    this.#options = options;
  }

  /** From now on, with the bounds that its grant has now. */
  take(request: ShareRequest): void {
    const known = this.#metered.get(request.id);
    this.#metered.set(request.id, { told: known?.told, warned: known?.warned ?? new Set(), request, grant: undefined });
  }

  /** More was bought for the grant of an access request. */
  increased(accessId: string): void {
    const metered = this.#metered.get(accessId);
    if (metered !== undefined) {
      metered.grant = undefined;
    }
  }

  drop(requestId: string): void {
    this.#metered.delete(requestId);
  }

  /** Reads all of them. Errors: of the first that could be read or told of no more, after the others were. */
  async readAll(): Promise<void> {
    const outcomes = await Promise.allSettled([...this.#metered.values()].map((metered) => this.#read(metered)));
    const failed = outcomes.find((outcome) => outcome.status === 'rejected');
    if (failed !== undefined) {
      throw failed.reason;
    }
  }

  /** The last of one that is ending, if anything counts. */
  async readLast(id: string, grantId: string): Promise<void> {
    const usage = await this.#options.accessPoint.usage(grantId);
    if (usage !== undefined) {
      await this.#tell({ id, grantId }, usage, true);
    }
  }

  async #read(metered: Metered): Promise<void> {
    try {
      await this.#readAndWarn(metered);
    } catch (error) {
      if (!(error instanceof LatchkeyError) || error.code !== 'share_request_over') {
        throw error;
      }
      this.drop(metered.request.id);
      this.#options.onOver(metered.request.id);
    }
  }

  async #readAndWarn(metered: Metered): Promise<void> {
    const { request } = metered;
    const usage = await this.#options.accessPoint.usage(request.grantId!);
    if (usage !== undefined && !isSame(usage, metered.told ?? noUsage)) {
      await this.#tell(request, usage, false);
      metered.told = usage;
    }
    if (request.state === 'active') {
      await this.#warn(metered, usage);
    }
  }

  async #tell({ id, grantId }: Pick<ShareRequest, 'id' | 'grantId'>, { bytesIn, bytesOut, seconds }: GrantUsage, isFinal: boolean): Promise<void> {
    const { sharing, signer, clock } = this.#options;
    const reading = { bytesIn, bytesOut, seconds, at: clock.now(), isFinal };
    await sharing.read(id, { ...reading, signature: signer.sign({ ...reading, grantId: grantId!, side: 'sharer' }) });
  }

  async #warn(metered: Metered, counted: GrantUsage | undefined): Promise<void> {
    const { sharing, thresholds, clock, onEvent } = this.#options;
    const { request, warned } = metered;
    if (thresholds.length === 0) {
      return;
    }
    metered.grant ??= (await sharing.usage(request.id)).grant;
    const remaining = remainingOf(metered.grant, counted, clock.now());
    if (remaining === undefined) {
      return;
    }
    const [first, ...others] = passedThresholds(thresholds, remaining).filter(({ name }) => !warned.has(`${name} of ${remaining.total}`));
    if (first !== undefined) {
      // Of nothing there is no quantity.
      const left = { metric: remaining.metric, size: remaining.left > 0n ? remaining.left : 1n };
      await sharing.warn(request.id, { threshold: first.name, left });
      [first, ...others].forEach(({ name }) => warned.add(`${name} of ${remaining.total}`));
      onEvent({ kind: 'low', request, threshold: first.name, left });
    }
  }
}

function isSame(one: GrantUsage, other: GrantUsage): boolean {
  return one.bytesIn === other.bytesIn && one.bytesOut === other.bytesOut && one.seconds === other.seconds;
}

/** Undefined where it has no bounds, or none that can be counted here. */
function remainingOf(grant: Grant, counted: GrantUsage | undefined, now: Date): Remaining | undefined {
  const { quotaBytes, allowedMs, usage } = grant;
  if (quotaBytes !== undefined) {
    const { bytesIn, bytesOut } = counted ?? usage;
    return { metric: 'traffic', total: quotaBytes, left: atLeastNone(quotaBytes - bytesIn - bytesOut) };
  }
  const upAt = timeUpAt(grant);
  if (allowedMs !== undefined && upAt !== undefined) {
    return { metric: 'time', total: BigInt(allowedMs), left: atLeastNone(BigInt(upAt.getTime() - now.getTime())) };
  }
  return undefined;
}

function atLeastNone(size: bigint): bigint {
  return size > 0n ? size : 0n;
}
