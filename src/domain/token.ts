import { LatchkeyError } from './errors.ts';
import { parseUuid } from './identifiers.ts';
import { quoted } from './shown-text.ts';

export const roles = ['admin', 'factory', 'ap', 'owner', 'technician', 'pos', 'terminal', 'witness'] as const;
export type Role = (typeof roles)[number];

/**
 * What a token may touch. Absent lists do not limit; a present list admits its members, and lists of different
 * kinds add up (a device of that model or of that batch).
 */
export interface Scope {
  readonly models?: readonly string[];
  readonly batches?: readonly string[];
  readonly uuids?: readonly string[];
  /** Access points an owner, a technician or a cash register is for. */
  readonly aps?: readonly string[];
  /** Accounts that a cash register charges for. */
  readonly accounts?: readonly string[];
}

export interface Token {
  readonly id: string;
  readonly role: Role;
  readonly name: string;
  readonly scope: Scope;
  /** The access point that an `ap` token is. */
  readonly apId: string | undefined;
  readonly createdAt: Date;
  readonly lastUsedAt: Date | undefined;
  readonly revokedAt: Date | undefined;
}

/** Who acts: the person at this machine's own database, or the holder of a token. */
export type KnownActor =
  | { readonly kind: 'local'; readonly apId?: string }
  | { readonly kind: 'token'; readonly token: Token };
/** Who has no token yet: somebody at a client address, who may enrol by a code and nothing else. */
export type Newcomer = { readonly kind: 'newcomer'; readonly from: string; readonly enrollCodeId?: string };
export type Actor = KnownActor | Newcomer;

/**
 * How the actor is recorded in audit log, requests and grants: `local`, `role:token id:name`, or `newcomer:` and the
 * id of the code. Names may repeat and change; the id is of one token for ever.
 */
export function recordedActor(actor: Actor): string {
  switch (actor.kind) {
    case 'local':
      return 'local';
    case 'token':
      return `${actor.token.role}:${actor.token.id}:${actor.token.name}`;
    case 'newcomer':
      return `newcomer:${actor.enrollCodeId ?? actor.from}`;
  }
}

/** A recorded actor for people: role and name. */
export function actorForPeople(recorded: string): string {
  return recorded.replace(/^([a-z]+):tok_[A-Za-z0-9_-]+:/, '$1:');
}

/** `all`, `model=…`, `batch=…`, `uuid=…`, `ap=…`, `account=…`, as often as needed. */
export function parseScope(matches: readonly string[]): Scope {
  const lists = { models: [] as string[], batches: [] as string[], uuids: [] as string[], aps: [] as string[], accounts: [] as string[] };
  for (const match of matches) {
    if (match === 'all') {
      continue;
    }
    const at = match.indexOf('=');
    const key = at < 0 ? match : match.slice(0, at);
    const value = at < 0 ? '' : match.slice(at + 1);
    if (value === '') {
      throw new LatchkeyError('invalid_input', `${quoted(match)} is not all, model=…, batch=…, uuid=…, ap=… or account=….`);
    }
    if (key === 'model') lists.models.push(value);
    else if (key === 'batch') lists.batches.push(value);
    else if (key === 'uuid') lists.uuids.push(...value.split(',').map(parseUuid));
    else if (key === 'ap') lists.aps.push(value);
    else if (key === 'account') lists.accounts.push(value);
    else throw new LatchkeyError('invalid_input', `${quoted(key)} is not one of model, batch, uuid, ap and account.`);
  }
  if (matches.includes('all') && matches.length > 1) {
    throw new LatchkeyError('invalid_input', '"all" goes with no other match.');
  }
  return Object.fromEntries(Object.entries(lists).filter(([, values]) => values.length > 0));
}

interface Matchable {
  readonly uuid: string;
  readonly model: string | undefined;
  readonly batch: string | undefined;
}

/** Whether a device lies in the scope. */
export function admitsDevice(scope: Scope, device: Matchable): boolean {
  const { models, batches, uuids } = scope;
  if (models === undefined && batches === undefined && uuids === undefined) {
    return true;
  }
  return (
    (device.model !== undefined && models?.includes(device.model) === true) ||
    (device.batch !== undefined && batches?.includes(device.batch) === true) ||
    uuids?.includes(device.uuid) === true
  );
}

/** Whether all of a batch's devices lie in the scope, also those that are yet to come. */
export function admitsBatch({ models, batches, uuids }: Scope, batch: string): boolean {
  return (models === undefined && batches === undefined && uuids === undefined) || batches?.includes(batch) === true;
}

export function admitsAp(scope: Scope, apId: string): boolean {
  return scope.aps === undefined || scope.aps.includes(apId);
}
