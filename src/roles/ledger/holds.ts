import { within, type ServiceContext } from '../service-context.ts';

const atOnce = 100;

/** Gives back what was held longer than agreed; returns of how many payments. */
export async function releaseOverdue(context: ServiceContext): Promise<number> {
  const { store, clock } = context;
  const now = clock.now();
  let released = 0;
  for (const { id } of await store.payments.overdue(now, atOnce)) {
    const payment = await store.transaction((tx) => within(context, tx).store.payments.end(id, now, 'expired'));
    released += payment === undefined ? 0 : 1;
  }
  return released;
}
