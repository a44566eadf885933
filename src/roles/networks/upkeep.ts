import { within, type ServiceContext } from '../service-context.ts';
import { suspend } from './proof.ts';

/** At once; the rest is done next time. */
const limit = 100;

/** What time alone brings to networks: challenges expire, and who has not proven a network again by its time loses it. */
export async function keepNetworks(context: ServiceContext): Promise<void> {
  const { store, clock } = context;
  const now = clock.now();
  await store.challenges.expire(now, limit);
  for (const { id } of await store.networks.overdue(now, limit)) {
    await store.transaction(async (tx) => {
      const network = await tx.networks.lock(id);
      if (network?.state === 'valid' && network.proveAgainBy !== undefined && network.proveAgainBy < now) {
        await tx.events.append([await suspend(within(context, tx), tx, network, 'It was not proven again in time.', now)]);
      }
    });
  }
}
