import type { Actor, Token } from '../../src/domain/token.ts';
import type { Store } from '../../src/roles/store.ts';
import { sendVerification } from '../../src/roles/wallet/verification.ts';
import { Services } from '../../src/server/services.ts';
import { enrollIn } from '../server/running-server.ts';
import { Outbox, TestClock, type HarnessOptions, type Holder, type RolesHarness } from './roles.harness.ts';
import { collecting } from './stand-in-provider.ts';

/** The roles' services over a store. */
export async function rolesHere(open: () => Promise<{ store: Store; remove(): Promise<void> }>, { codeLosses, witnesses }: HarnessOptions = {}): Promise<RolesHarness & { as(token: Token): Holder }> {
  const { store, remove } = await open();
  const clock = new TestClock();
  const outbox = new Outbox();
  const { ledger, ...collects } = collecting(store, clock);
  const services = (actor: Actor) => new Services({ ...ledger, actor, codeLosses, witnesses, sendCode: (verification) => sendVerification({ store, clock, sender: outbox }, verification), allowMd5: true });
  const as = (token: Token) => holder(services({ kind: 'token', token }), token);
  return {
    isRemote: false,
    store,
    clock,
    outbox,
    ...collects,
    nobody: services({ kind: 'newcomer', from: '127.0.0.1' }).enrollment,
    async hold(role, scope) {
      const { token } = await enrollIn(store, role, scope, clock);
      return as(token);
    },
    as,
    async close() {
      await store.close();
      await remove();
    },
  };
}

/** Services of a role are made on demand, those of an access point only for one. */
function holder(services: Services, token: Token): Holder {
  return {
    token,
    get enrollment() { return services.enrollment; },
    get factory() { return services.factory; },
    get flashing() { return services.flashing; },
    get batches() { return services.batches; },
    get ap() { return services.ap; },
    get owner() { return services.owner; },
    get admin() { return services.admin; },
    get ledger() { return services.ledger; },
    get wallet() { return services.wallet; },
    get pos() { return services.pos; },
    get mandates() { return services.mandates; },
    get codes() { return services.codes; },
    get offers() { return services.offers; },
    get events() { return services.events; },
    get networks() { return services.networks; },
    get witness() { return services.witness; },
    get sharing() { return services.sharing; },
  };
}
