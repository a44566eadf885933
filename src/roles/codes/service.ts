import { codeStateAt, takenAfterEndMs, type CreditCode, type LossBearer } from '../../domain/credit-code.ts';
import { LatchkeyError } from '../../domain/errors.ts';
import { recordedActor } from '../../domain/token.ts';
import { readReceipt } from '../../protocol/code-receipt.ts';
import { once } from '../idempotency.ts';
import { terminalIdOf } from '../ledger/terminal.ts';
import type { Page, PageRequest } from '../page.ts';
import { registerIdOf } from '../register-id.ts';
import { auditEntry, requireKnown, within, type ServiceContext } from '../service-context.ts';
import type { AcceptedCode, CodesRole, Dispute, DisputeQuery, IssuedCode, Settlement, SettlementReply, SigningKey, TrustList } from './ports.ts';
import { settle } from './settlement.ts';
import { haveSigningKey, isTrusted, issuerOf, makeKey, signingKeys } from './signing-keys.ts';
import type { KeptReceipt, StoredCode } from './store.ts';

export interface CodesServiceContext extends ServiceContext {
  /** Who pays a shop what was spent beyond a code's limit; the payee bears it if not given. */
  readonly codeLosses?: LossBearer | undefined;
}

/** No account has this id: what a register has that charged for nobody yet. */
const nobody = '';

export class CodesService implements CodesRole {
  readonly #context: CodesServiceContext;

  constructor(context: CodesServiceContext) {
    this.#context = context;
  }

  async issued(accountId: string, key: string): Promise<IssuedCode> {
    const terminalId = terminalIdOf(this.#context.actor);
    const code = await this.#context.store.creditCodes.findByPayment(accountId, key);
    if (code?.terminalId !== terminalId) {
      throw new LatchkeyError('code_not_found', `No credit payment code was issued for ${key}.`);
    }
    return this.#withState(code);
  }

  async codes({ accountId, state }: Parameters<CodesRole['codes']>[0], page: PageRequest): Promise<Page<CreditCode>> {
    const visible = await this.#accounts();
    const asked = accountId === undefined ? undefined : [accountId];
    const accountIds = visible === undefined ? asked : (asked?.filter((id) => visible.includes(id)) ?? visible);
    const filter = { accountIds, state: state && { is: state, at: this.#context.clock.now() } };
    const { items, ...rest } = await this.#context.store.creditCodes.list(filter, page);
    return { ...rest, items: items.map((code) => withoutToken(this.#withState(code))) };
  }

  async code(id: string): Promise<CreditCode & { readonly settlements: readonly Settlement[] }> {
    const code = withoutToken(this.#withState(await this.#find(id)));
    return { ...code, settlements: (await this.#context.store.codeReceipts.ofCode(id)).map(toSettlement) };
  }

  async revoke(id: string): Promise<CreditCode> {
    await this.#find(id);
    const { store, clock } = this.#context;
    await store.transaction(async (tx) => {
      if (await tx.creditCodes.revoke(id, clock.now())) {
        await tx.audit.append(auditEntry(this.#context, { action: 'code.revoked', detail: { code_id: id } }));
      }
    });
    return withoutToken(this.#withState(await this.#find(id)));
  }

  async receiptKeys(registerId: string): Promise<readonly Uint8Array[]> {
    const actor = requireKnown(this.#context.actor);
    if (actor.kind === 'token' && actor.token.role !== 'admin' && actor.token.role !== 'terminal') {
      throw new LatchkeyError('forbidden');
    }
    const { registers } = this.#context.store;
    const register = await registers.find(registerId);
    const keys = register === undefined ? [] : await registers.receiptKeysOf(register.payeeId);
    return keys.filter((key) => key.registerId === registerId).map(({ publicKey }) => publicKey);
  }

  async trust(): Promise<TrustList> {
    const { store, clock } = this.#context;
    requireKnown(this.#context.actor);
    const issuer = await issuerOf(this.#context);
    const asOf = clock.now();
    const keys = (await signingKeys(this.#context)).filter((key) => isTrusted(key, asOf)).map(({ id, publicKey, revokedAt }) => ({ id, publicKey, revokedAt }));
    return { issuer, asOf, keys, revoked: await store.creditCodes.revoked(new Date(asOf.getTime() - takenAfterEndMs)) };
  }

  async settle(accepted: readonly AcceptedCode[]): Promise<readonly SettlementReply[]> {
    return settle(this.#context, accepted);
  }

  async disputes({ outcome, codeId, accountId }: DisputeQuery, page: PageRequest): Promise<Page<Dispute>> {
    const payeeId = await this.#payeeId();
    if (accountId !== undefined && payeeId !== undefined) {
      throw new LatchkeyError('forbidden', 'A cash register is not told whose codes it accepted.');
    }
    const { items, ...rest } = await this.#context.store.codeReceipts.disputes({ payeeId, outcome, tokenId: codeId, accountId }, page);
    return { ...rest, items: await this.#toDisputes(items, payeeId) };
  }

  async dispute(id: string): Promise<Dispute> {
    const payeeId = await this.#payeeId();
    const receipt = await this.#context.store.codeReceipts.find(id);
    if (receipt === undefined || receipt.outcome === 'settled' || (payeeId !== undefined && receipt.payeeId !== payeeId)) {
      throw new LatchkeyError('dispute_not_found', `There is no dispute ${id}.`);
    }
    return (await this.#toDisputes([receipt], payeeId))[0]!;
  }

  async keys(): Promise<readonly SigningKey[]> {
    return signingKeys(this.#context);
  }

  async rotateKey(overlapMs: number, idempotencyKey?: string): Promise<SigningKey> {
    const { store, clock, actor } = this.#context;
    const make = (tx: ServiceContext['store']) => makeKey(within(this.#context, tx), new Date(clock.now().getTime() + overlapMs));
    if (idempotencyKey === undefined) {
      return this.#key((await store.transaction(make)).id);
    }
    const use = { scope: `${recordedActor(actor)} rotateKey`, key: idempotencyKey, request: String(overlapMs) };
    const { body } = await once(store, clock, use, async (tx) => ({ status: 200, body: (await make(tx)).id }));
    return this.#key(body);
  }

  async revokeKey(id: string): Promise<SigningKey> {
    await this.#key(id);
    const { store, clock } = this.#context;
    await store.transaction(async (tx) => {
      await tx.codeKeys.lock();
      if (await tx.codeKeys.revoke(id, clock.now())) {
        await tx.audit.append(auditEntry(this.#context, { action: 'code_key.revoked', detail: { key_id: id } }));
        await haveSigningKey(within(this.#context, tx));
      }
    });
    return this.#key(id);
  }

  /** Errors: `key_not_found`. */
  async #key(id: string): Promise<SigningKey> {
    const key = (await signingKeys(this.#context)).find((each) => each.id === id);
    if (key === undefined) {
      throw new LatchkeyError('key_not_found', `There is no signing key ${id}.`);
    }
    return key;
  }

  /** Errors: `code_not_found`. */
  async #find(id: string): Promise<StoredCode> {
    const visible = await this.#accounts();
    const code = await this.#context.store.creditCodes.find(id);
    if (code === undefined || visible?.includes(code.accountId) === false) {
      throw new LatchkeyError('code_not_found', `There is no credit payment code ${id}.`);
    }
    return code;
  }

  /** Those whose codes the actor may see; undefined for all. */
  async #accounts(): Promise<readonly string[] | undefined> {
    const actor = requireKnown(this.#context.actor);
    return actor.kind === 'local' || actor.token.role === 'admin'
      ? undefined
      : (await this.#context.store.bindings.ofTerminal(terminalIdOf(actor))).map(({ accountId }) => accountId);
  }

  /** Whose disputes the actor may see; undefined for all. */
  async #payeeId(): Promise<string | undefined> {
    const actor = requireKnown(this.#context.actor);
    if (actor.kind === 'local' || actor.token.role === 'admin') {
      return undefined;
    }
    return (await this.#context.store.registers.find(registerIdOf(actor)))?.payeeId ?? nobody;
  }

  #withState(code: StoredCode): IssuedCode {
    return { ...code, state: codeStateAt({ ...code, expiresAt: code.token.expiresAt }, this.#context.clock.now()) };
  }

  /** `payeeId`: who is told of them, by `#payeeId`. */
  async #toDisputes(receipts: readonly KeptReceipt[], payeeId: string | undefined): Promise<Dispute[]> {
    const { creditCodes, codeReceipts } = this.#context.store;
    const accounts = await creditCodes.accountsOf(payeeId === undefined ? receipts.map(({ tokenId }) => tokenId) : []);
    return Promise.all(receipts.map(async (kept) => {
      const { tokenId, signedReceipt, code, amount: loss, borneBy, otherId } = kept;
      const other = otherId === undefined ? undefined : await codeReceipts.find(otherId);
      return { ...toSettlement(kept), signedReceipt, code, loss, borneBy, other: other && { id: other.id, signedReceipt: other.signedReceipt }, accountId: accounts.get(tokenId) };
    }));
  }
}

function withoutToken({ signed: _signed, ...code }: IssuedCode): CreditCode {
  return code;
}

function toSettlement({ id, signedReceipt, outcome, reason, at, postingId }: KeptReceipt): Settlement {
  return { id, receipt: readReceipt(signedReceipt), outcome, reason, at, postingId };
}
