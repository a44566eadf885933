import { roles, type Scope, type Token } from '../domain/token.ts';
import type { RevokedToken } from '../roles/admin/ports.ts';
import { pageOf, pageQuery } from './page.ts';
import { arrayOf, count, id, input, instant, object, oneOf, text, uuid, type Static } from './schema.ts';
import { instantFromWire, instantToWire, present } from './wire.ts';

/** What a token may touch; an absent list does not limit. */
const lists = {
  models: { ...arrayOf(text), maxItems: 1000 },
  batches: { ...arrayOf(text), maxItems: 1000 },
  uuids: { ...arrayOf(uuid), maxItems: 1000 },
  aps: { ...arrayOf(id), maxItems: 1000 },
  accounts: { ...arrayOf(id), maxItems: 1000 },
} as const;
export const scopeSchema = object('Scope', {}, lists);
export const scopeInputSchema = input('ScopeInput', {}, lists);
export type ScopeWire = Static<typeof scopeSchema>;

const tokenMembers = { token_id: id, role: oneOf(roles), name: text, scope: scopeSchema, created_at: instant } as const;
const someTokenMembers = { ap_id: id, last_used_at: instant, revoked_at: instant } as const;
export const tokenSchema = object('Token', tokenMembers, someTokenMembers);
export type TokenWire = Static<typeof tokenSchema>;

const codesRevoked = { ...count, description: 'Credit payment codes of the terminal that were revoked with its token.' } as const;
export const revokedTokenSchema = object('RevokedToken', { ...tokenMembers, codes_revoked: codesRevoked }, someTokenMembers);
export type RevokedTokenWire = Static<typeof revokedTokenSchema>;

export const tokenPageSchema = pageOf('TokenPage', tokenSchema);
export const tokenQuerySchema = input('TokenQuery', {}, pageQuery);

export function scopeToWire(scope: Scope): ScopeWire {
  const { models, batches, uuids, aps, accounts } = scope;
  return present({
    models: models && [...models],
    batches: batches && [...batches],
    uuids: uuids && [...uuids],
    aps: aps && [...aps],
    accounts: accounts && [...accounts],
  });
}

export function scopeFromWire(wire: ScopeWire): Scope {
  const { models, batches, uuids, aps, accounts } = wire;
  return present({ models, batches, uuids, aps, accounts });
}

export function tokenToWire(token: Token): TokenWire {
  return present({
    token_id: token.id,
    role: token.role,
    name: token.name,
    ap_id: token.apId,
    scope: scopeToWire(token.scope),
    created_at: instantToWire(token.createdAt),
    last_used_at: instantToWire(token.lastUsedAt),
    revoked_at: instantToWire(token.revokedAt),
  });
}

export function revokedTokenToWire({ codesRevoked: codes, ...token }: RevokedToken): RevokedTokenWire {
  return { ...tokenToWire(token), codes_revoked: codes };
}

export function revokedTokenFromWire({ codes_revoked: codes, ...token }: RevokedTokenWire): RevokedToken {
  return { ...tokenFromWire(token), codesRevoked: codes };
}

export function tokenFromWire(wire: TokenWire): Token {
  return {
    id: wire.token_id,
    role: wire.role,
    name: wire.name,
    apId: wire.ap_id,
    scope: scopeFromWire(wire.scope),
    createdAt: instantFromWire(wire.created_at),
    lastUsedAt: instantFromWire(wire.last_used_at),
    revokedAt: instantFromWire(wire.revoked_at),
  };
}
