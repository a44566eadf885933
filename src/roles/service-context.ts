import type { Clock, Random } from '../domain/clock.ts';
import { idFrom, type IdPrefix } from '../domain/identifiers.ts';
import { recordedActor, type Actor, type Scope } from '../domain/token.ts';
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

/** The local person owns the database and may do everything; a token has its scope. */
export function scopeOf(actor: Actor): Scope {
  return actor.kind === 'local' ? {} : actor.token.scope;
}

/** The access point that the actor is. Errors: `forbidden`. */
export function apIdOf(actor: Actor): string {
  const apId = actor.kind === 'local' ? actor.apId : actor.token.apId;
  if (apId === undefined) {
    throw new LatchkeyError('forbidden', 'Only an access point may do that.');
  }
  return apId;
}

export function auditEntry(context: ServiceContext, entry: Omit<NewAuditEntry, 'at' | 'actor'>): NewAuditEntry {
  return { at: context.clock.now(), actor: recordedActor(context.actor), ...entry };
}
