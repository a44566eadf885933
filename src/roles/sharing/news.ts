import type { LiveEvent, LiveEventKind } from '../../domain/live-event.ts';
import type { MeterSide } from '../../domain/meter.ts';
import type { ShareRequest } from '../../domain/share-request.ts';
import type { AddressedEvent } from '../events/store.ts';
import type { ServiceContext } from '../service-context.ts';

/** What one transaction has to tell its parties; told as its last thing, since others wait for the rows that it takes. */
export class News {
  readonly #events: AddressedEvent[] = [];
  readonly #at: Date;

  constructor({ clock }: Pick<ServiceContext, 'clock'>) {
    this.#at = clock.now();
  }

  add(to: MeterSide | 'both', kind: LiveEventKind, request: ShareRequest, more: LiveEvent['detail'] = {}): void {
    const detail = {
      request_id: request.id,
      access_id: request.accessId,
      offer_id: request.offerId,
      network_id: request.networkId,
      ...(request.grantId === undefined ? {} : { grant_id: request.grantId }),
      ...more,
    };
    const sides: readonly MeterSide[] = to === 'both' ? ['guest', 'sharer'] : [to];
    for (const terminalId of new Set(sides.map((side) => request[side].terminalId))) {
      this.#events.push({ terminalId, kind, at: this.#at, detail });
    }
  }

  async tell({ store }: Pick<ServiceContext, 'store'>): Promise<void> {
    if (this.#events.length > 0) {
      await store.events.append(this.#events);
    }
  }
}
