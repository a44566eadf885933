import { LatchkeyError } from '../../domain/errors.ts';
import { checkedAmount, sameCurrency } from '../../domain/money.ts';
import { mostMandates, type Mandate } from '../../domain/sale.ts';
import { terminalIdOf } from '../ledger/terminal.ts';
import type { ServiceContext } from '../service-context.ts';
import type { MandateRole, MandateSetting } from './ports.ts';
import { subjectOf } from './subjects.ts';

/** What payers allow to be taken by tapping. Whoever is bound to an account sets it for that account. */
export class MandateService implements MandateRole {
  readonly #context: ServiceContext;

  constructor(context: ServiceContext) {
    this.#context = context;
  }

  async setMandate({ uid, accountId, perTap, perDay }: MandateSetting): Promise<Mandate> {
    const { store, clock } = this.#context;
    const account = await store.accounts.find(accountId);
    if (account === undefined || (await store.bindings.find(accountId, terminalIdOf(this.#context.actor))) === undefined) {
      throw new LatchkeyError('not_bound');
    }
    sameCurrency(checkedAmount(perTap), account);
    sameCurrency(checkedAmount(perDay), account);
    const { id: subjectId } = await subjectOf(this.#context, { kind: 'nfc', uid });
    const mandate: Mandate = {
      subjectId, accountId, currency: account.currency, perTap: perTap.minor, perDay: perDay.minor, setAt: clock.now(), endedAt: undefined,
    };
    await store.transaction(async (tx) => {
      const standing = await tx.mandates.countStanding(accountId);
      const earlier = await tx.mandates.find(subjectId);
      if (!(await tx.mandates.set(mandate))) {
        throw new LatchkeyError('mandate_conflict');
      }
      const isCounted = earlier?.accountId === accountId && earlier.endedAt === undefined;
      if (!isCounted && standing >= mostMandates) {
        throw new LatchkeyError('mandate_limit');
      }
    });
    return mandate;
  }

  async mandates(): Promise<readonly Mandate[]> {
    const { store } = this.#context;
    const bindings = await store.bindings.ofTerminal(terminalIdOf(this.#context.actor));
    return (await Promise.all(bindings.map(({ accountId }) => store.mandates.ofAccount(accountId)))).flat();
  }

  async endMandate(subjectId: string): Promise<Mandate> {
    const { store, clock } = this.#context;
    const mandate = await store.mandates.find(subjectId);
    const isOwn = mandate !== undefined && (await store.bindings.find(mandate.accountId, terminalIdOf(this.#context.actor))) !== undefined;
    const ended = isOwn ? await store.mandates.end(subjectId, mandate.accountId, clock.now()) : undefined;
    if (ended === undefined) {
      throw new LatchkeyError('mandate_not_found', `There is no mandate ${subjectId} of an account of this terminal.`);
    }
    return ended;
  }
}
