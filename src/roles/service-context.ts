import type { Clock, Random } from '../domain/clock.ts';
import { idFrom, type IdPrefix } from '../domain/identifiers.ts';
import { recordedActor, type Actor, type KnownActor, type Scope } from '../domain/token.ts';
import { LatchkeyError } from '../domain/errors.ts';
import { base64url } from '../protocol/encoding.ts';
import type { NewAuditEntry, Store } from './store.ts';

/** What every service is made with: where it keeps things, what time it is, and who is asking. */
export interface ServiceContext {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly actor: Actor;
}

/** The same context inside a transaction. */
export function within(context: ServiceContext, tx: Store): ServiceContext {
  return { ...context, store: tx };
}

export function newId(context: ServiceContext, prefix: IdPrefix): string {
  return idFrom(prefix, base64url(context.random.bytes(16)));
}

/** The local person owns the database and may do everything; a token has its scope. Errors: `unauthorized`. */
export function scopeOf(actor: Actor): Scope {
  const who = requireKnown(actor);
  return who.kind === 'local' ? {} : who.token.scope;
}

/** The access point that the actor is. Errors: `forbidden`, `unauthorized`. */
export function apIdOf(actor: Actor): string {
  const who = requireKnown(actor);
  const apId = who.kind === 'local' ? who.apId : who.token.apId;
  if (apId === undefined) {
    throw new LatchkeyError('forbidden', 'Only an access point may do that.');
  }
  return apId;
}

/** Errors: `unauthorized` for who has no token yet. */
export function requireKnown(actor: Actor): KnownActor {
  if (actor.kind === 'newcomer') {
    throw new LatchkeyError('unauthorized');
  }
  return actor;
}

export function auditEntry(context: ServiceContext, entry: Omit<NewAuditEntry, 'at' | 'actor'>): NewAuditEntry {
  return { at: context.clock.now(), actor: recordedActor(context.actor), ...entry };
}
