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
      const isStanding = earlier !== undefined && earlier.endedAt === undefined;
      if (isStanding && earlier.accountId !== accountId) {
        throw new LatchkeyError('mandate_conflict');
      }
      if (!isStanding && standing >= mostMandates) {
        throw new LatchkeyError('mandate_limit');
      }
      await tx.mandates.put(mandate);
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
    if (mandate === undefined || (await store.bindings.find(mandate.accountId, terminalIdOf(this.#context.actor))) === undefined) {
      throw new LatchkeyError('mandate_missing', `There is no mandate ${subjectId} of an account of this terminal.`);
    }
    const ended = { ...mandate, endedAt: mandate.endedAt ?? clock.now() };
    await store.mandates.put(ended);
    return ended;
  }
}
