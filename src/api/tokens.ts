import { roles, type Scope, type Token } from '../domain/token.ts';
import { pageOf, pageQuery } from './page.ts';
import { arrayOf, id, input, instant, object, oneOf, text, uuid, type Static } from './schema.ts';
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

export const tokenSchema = object(
  'Token',
  { token_id: id, role: oneOf(roles), name: text, scope: scopeSchema, created_at: instant },
  { ap_id: id, last_used_at: instant, revoked_at: instant },
);
export type TokenWire = Static<typeof tokenSchema>;

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
