import { LatchkeyError } from '../../domain/errors.ts';
import { timeLeft, type Grant } from '../../domain/grant.ts';
import type { Register, Sale } from '../../domain/sale.ts';
import type { Tariff } from '../../domain/tariff.ts';
import { endGrant } from '../grants/ending.ts';
import { moveTo, pause, resume, timeIsOver } from '../grants/permission.ts';
import type { TerminatedService } from '../card/ports.ts';
import { TerminationsService } from '../card/terminations-service.ts';
import type { Page, PageRequest } from '../page.ts';
import { within, type ServiceContext } from '../service-context.ts';
import type { AccessPoint, GrantFilter, Store } from '../store.ts';
import { accessFor } from './access.ts';
import { wantAccessCode } from './access-codes.ts';
import { chargeAt } from './charging.ts';
import type { Charge, Charged, Claim, PosRole, Refunded, RegisterDescription } from './ports.ts';
import { refundableOf, refundGrant } from './refund.ts';
import { describeRegister, registerOf, setTariff } from './registration.ts';
import type { SaleFilter } from './store.ts';
import { subjectOf, type Identifier } from './subjects.ts';

const pollMs = 250;

export class PosService implements PosRole {
  readonly #context: ServiceContext;

  constructor(context: ServiceContext) {
    this.#context = context;
  }

  async self(): Promise<Register> {
    return this.#context.store.transaction((tx) => registerOf(within(this.#context, tx)));
  }

  async network(): Promise<AccessPoint> {
    const { apId } = await this.self();
    return (await this.#context.store.accessPoints.find(apId))!;
  }

  describe(description: RegisterDescription): Promise<Register> {
    return describeRegister(this.#context, description);
  }

  setTariff(tariff: Tariff | undefined): Promise<Register> {
    return setTariff(this.#context, tariff);
  }

  async charge(charge: Charge): Promise<Charged> {
    return chargeAt(this.#context, await this.self(), charge);
  }

  access(claim: Claim): Promise<Grant> {
    return accessFor(this.#context, claim);
  }

  async accessCode(grantId: string, waitMs: number, signal?: AbortSignal): Promise<string | undefined> {
    const register = await this.self();
    await this.#own(this.#context.store, register, grantId);
    const { store } = this.#context;
    const endsAt = performance.now() + waitMs;
    for (let mayCome = true; ; ) {
      const kept = await store.accessCodes.find(grantId, register.id);
      // Also where another who asks has got it, and had it deleted, while this one waits.
      if (kept === undefined && mayCome) {
        mayCome = register.jwk !== undefined && (await this.#wantAccessCode(register, grantId));
      }
      const left = endsAt - performance.now();
      if (kept?.sealed !== undefined || left <= 0 || signal?.aborted === true) {
        return kept?.sealed;
      }
      await new Promise((resolve) => setTimeout(resolve, Math.min(pollMs, left)));
    }
  }

  /** False if none will come. */
  async #wantAccessCode(register: Register, grantId: string): Promise<boolean> {
    return this.#context.store.transaction(async (tx) => {
      await tx.accessPoints.nextRevision(register.apId);
      return wantAccessCode(within(this.#context, tx), register, await this.#own(tx, register, grantId));
    });
  }

  async acknowledge(grantId: string): Promise<void> {
    const register = await this.self();
    await this.#own(this.#context.store, register, grantId);
    await this.#context.store.accessCodes.remove(grantId, register.id);
  }

  async permissions(filter: Pick<GrantFilter, 'subjectId' | 'state'>, page: PageRequest): Promise<Page<Grant>> {
    const { apId } = await this.self();
    return this.#context.store.grants.list({ ...filter, apIds: [apId], source: 'payment' }, page);
  }

  async permission(grantId: string): Promise<Grant> {
    return this.#own(this.#context.store, await this.self(), grantId);
  }

  async move(grantId: string, to: Exclude<Identifier, { readonly kind: 'receipt' }>): Promise<Grant> {
    return this.#changed(grantId, async (context, grant, revision) => {
      const subject = await subjectOf(context, to);
      const other = await context.store.grants.permission(grant.network.apId, subject);
      const now = context.clock.now();
      if (other !== undefined && timeLeft(other, now) !== 0) {
        throw new LatchkeyError('grant_conflict', 'The other device has time of its own.');
      }
      if (other !== undefined) {
        await endGrant(context, other.id, revision, { at: other.endsAt ?? now, reason: timeIsOver });
      }
      // It gets a password of its own, if an agent enforces it.
      await context.store.accessCodes.removeAll({ grantId });
      return moveTo(context, grant, subject, revision);
    });
  }

  async pause(grantId: string): Promise<Grant> {
    return this.#changed(grantId, async (context, grant, revision) => {
      const [latest] = await context.store.sales.ofGrant(grantId);
      if (latest?.tariff?.pausable !== true) {
        throw new LatchkeyError('grant_not_pausable');
      }
      return grant.state === 'paused' ? grant : pause(context, grant, revision);
    });
  }

  async resume(grantId: string): Promise<Grant> {
    return this.#changed(grantId, async (context, grant, revision) => (grant.state === 'paused' ? resume(context, grant, revision) : grant));
  }

  async refund(grantId: string): Promise<Refunded> {
    const register = await this.self();
    return this.#context.store.transaction(async (tx) => {
      const { network } = await this.#sold(tx, register, grantId);
      const revision = await tx.accessPoints.nextRevision(network.apId);
      // Another shop's time may have come to it until the row was taken.
      return refundGrant(within(this.#context, tx), await this.#sold(tx, register, grantId), revision);
    });
  }

  async refundable(grantId: string): Promise<Refunded> {
    return refundableOf(this.#context, await this.#sold(this.#context.store, await this.self(), grantId));
  }

  async sales(filter: SaleFilter, page: PageRequest): Promise<Page<Sale>> {
    const register = await this.self();
    return this.#context.store.sales.list({ ...filter, registerId: register.id }, page);
  }

  terminated(service: TerminatedService): Promise<void> {
    return new TerminationsService(this.#context).terminated(service);
  }

  async #changed(grantId: string, change: (context: ServiceContext, grant: Grant, revision: number) => Promise<Grant>): Promise<Grant> {
    const register = await this.self();
    return this.#context.store.transaction(async (tx) => {
      const { network } = await this.#sold(tx, register, grantId);
      const revision = await tx.accessPoints.nextRevision(network.apId);
      const grant = await this.#sold(tx, register, grantId);
      if (timeLeft(grant, this.#context.clock.now()) === 0) {
        throw new LatchkeyError('grant_over', `Grant ${grantId} is over.`);
      }
      return change(within(this.#context, tx), grant, revision);
    });
  }

  /** One that was paid for at this register's network. Errors: `grant_not_found`. */
  async #own(store: Store, { apId }: Register, grantId: string): Promise<Grant> {
    const grant = await store.grants.find(grantId);
    if (grant === undefined || grant.source !== 'payment' || grant.network.apId !== apId) {
      throw new LatchkeyError('grant_not_found', `There is no grant ${grantId} on this permission list.`);
    }
    return grant;
  }

  /** As `#own`, of one that was paid for to this register's payee alone: another shop's is not its to change. */
  async #sold(store: Store, register: Register, grantId: string): Promise<Grant> {
    const grant = await this.#own(store, register, grantId);
    const sales = await store.sales.ofGrant(grantId);
    if (sales.some(({ payeeId }) => payeeId !== register.payeeId)) {
      throw new LatchkeyError('grant_not_found', `Grant ${grantId} was sold by another shop.`);
    }
    return grant;
  }
}
