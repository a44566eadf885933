import type { AuditAction, AuditEntry } from '../../domain/audit.ts';
import { LatchkeyError } from '../../domain/errors.ts';
import { recordedActor, type Token } from '../../domain/token.ts';
import { once } from '../idempotency.ts';
import type { Page, PageRequest } from '../page.ts';
import { auditEntry, newId, within, type ServiceContext } from '../service-context.ts';
import type { AuditHead, AuditVerification, EnrollCode, Store } from '../store.ts';
import { signAuditHead } from './audit-head.ts';
import type { AdminRole, NewEnrollCode, RevokedToken, SignedAuditHead } from './ports.ts';
import { newEnrollCode, newTokenSecret, secretHash } from './token-secret.ts';

const longestCodeMs = 30 * 86_400_000;

interface IssuedCode {
  readonly code: string;
  readonly enrollCode: EnrollCode;
}

export class AdminService implements AdminRole {
  readonly #context: ServiceContext;

  constructor(context: ServiceContext) {
    this.#context = context;
  }

  async createEnrollCode(input: NewEnrollCode, idempotencyKey?: string): Promise<IssuedCode> {
    const { store, clock, random, actor } = this.#context;
    if (input.lifetimeMs <= 0 || input.lifetimeMs > longestCodeMs) {
      throw new LatchkeyError('invalid_input', 'An enrolment code lives for more than nothing and at most 30d.');
    }
    if (!['owner', 'technician', 'pos'].includes(input.role) && input.scope.aps !== undefined) {
      throw new LatchkeyError('invalid_input', 'ap=… is a match for owners, technicians and cash registers alone.');
    }
    if (input.role !== 'pos' && input.scope.accounts !== undefined) {
      throw new LatchkeyError('invalid_input', 'account=… is a match for cash registers alone.');
    }
    const createdAt = clock.now();
    const issued: IssuedCode = {
      code: newEnrollCode(random),
      enrollCode: {
        id: newId(this.#context, 'enr'),
        role: input.role,
        scope: input.scope,
        createdAt,
        expiresAt: new Date(createdAt.getTime() + input.lifetimeMs),
      },
    };
    if (idempotencyKey === undefined) {
      await store.transaction((tx) => this.#issue(tx, issued));
      return issued;
    }
    const reply = await once(
      store,
      clock,
      { scope: `${recordedActor(actor)} enroll-code.create`, key: idempotencyKey, request: JSON.stringify(input) },
      async (tx) => {
        await this.#issue(tx, issued);
        return { status: 201, body: JSON.stringify(issued) };
      },
    );
    const kept = JSON.parse(reply.body) as { code: string; enrollCode: EnrollCode & { createdAt: string; expiresAt: string } };
    const { enrollCode } = kept;
    return {
      code: kept.code,
      enrollCode: { ...enrollCode, createdAt: new Date(enrollCode.createdAt), expiresAt: new Date(enrollCode.expiresAt) },
    };
  }

  async #issue(tx: Store, { code, enrollCode }: IssuedCode): Promise<void> {
    await tx.enrollCodes.insert(enrollCode, secretHash(code));
    const detail = { enroll_code_id: enrollCode.id, role: enrollCode.role };
    await tx.audit.append(auditEntry(this.#context, { action: 'enroll_code.created', detail }));
  }

  /** The first admin's token. Errors: `already_initialised`. */
  async initialise(): Promise<{ secret: string; token: Token }> {
    return this.#context.store.transaction(async (tx) => {
      if (await tx.tokens.exists('admin')) {
        throw new LatchkeyError('already_initialised');
      }
      const issued = await issueToken(within(this.#context, tx), { role: 'admin', name: 'admin', scope: {}, apId: undefined });
      await tx.audit.append(auditEntry(this.#context, { action: 'server.initialised' }));
      return issued;
    });
  }

  async tokens(page: PageRequest): Promise<Page<Token>> {
    return this.#context.store.tokens.list(page);
  }

  async revokeToken(id: string): Promise<RevokedToken> {
    const { store, clock } = this.#context;
    return store.transaction(async (tx) => {
      const at = clock.now();
      const token = await tx.tokens.revoke(id, at);
      if (token === undefined) {
        throw new LatchkeyError('token_not_found', `There is no token ${id}.`);
      }
      const codes = token.role === 'terminal' ? await tx.creditCodes.revokeAll({ terminalId: id }, at) : [];
      await tx.audit.append(
        auditEntry(this.#context, { action: 'token.revoked', detail: { token_id: id } }),
        ...codes.map((code) => auditEntry(this.#context, { action: 'code.revoked', detail: { code_id: code, token_id: id } })),
      );
      return { ...token, codesRevoked: codes.length };
    });
  }

  async auditEntries(
    filter: { action?: AuditAction | undefined; uuid?: string | undefined },
    page: PageRequest,
  ): Promise<Page<AuditEntry>> {
    return this.#context.store.audit.list(filter, page);
  }

  async verifyAudit(exported?: AuditHead): Promise<AuditVerification> {
    await this.#context.store.audit.seal();
    return this.#context.store.audit.verify(exported);
  }

  async auditHead(): Promise<SignedAuditHead> {
    const { store, clock } = this.#context;
    const { head, broken } = await this.verifyAudit();
    if (broken !== undefined) {
      throw new LatchkeyError('check_failed', `The audit log is broken at entry ${broken.id}: ${broken.detail}.`);
    }
    return signAuditHead(store, {
      id: head?.id ?? 0n,
      count: head?.count ?? 0n,
      hash: head?.hash ?? new Uint8Array(32),
      at: clock.now(),
    });
  }
}

/** Makes a token inside a transaction; the secret is in the result and nowhere else. */
export async function issueToken(
  context: ServiceContext,
  of: Pick<Token, 'role' | 'name' | 'scope' | 'apId'>,
): Promise<{ secret: string; token: Token }> {
  const secret = newTokenSecret(of.role, context.random);
  const token: Token = {
    ...of,
    id: newId(context, 'tok'),
    createdAt: context.clock.now(),
    lastUsedAt: undefined,
    revokedAt: undefined,
  };
  await context.store.tokens.insert(token, secretHash(secret));
  const detail = { token_id: token.id, role: token.role, name: token.name };
  await context.store.audit.append(auditEntry(context, { action: 'token.created', apId: token.apId, detail }));
  return { secret, token };
}
