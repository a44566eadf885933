import { takenAfterEndMs } from '../../domain/credit-code.ts';
import { newEd25519, type Ed25519KeyPair } from '../../protocol/ed25519.ts';
import { base64url } from '../../protocol/encoding.ts';
import { keyIdOf } from '../../protocol/credit-code.ts';
import { auditEntry, type ServiceContext } from '../service-context.ts';
import type { Store } from '../store.ts';
import type { SigningKey, SigningKeyState } from './ports.ts';
import type { NewKey, StoredKey } from './store.ts';

const seedBytes = 32;
const issuerName = 'code-issuer';
const issuerBytes = 8;

/**
 * The one that signs: of those that are not revoked the newest whose time has come and that every trust list has which a
 * register may still use; or, if there is none, the next that registers have had the longest. Undefined: one has to be made.
 */
function signing(keys: readonly StoredKey[], now: Date): StoredKey | undefined {
  const next = keys.filter(({ revokedAt, signsFrom }) => revokedAt === undefined && signsFrom > now);
  const longestKnown = next.toSorted((one, other) => one.createdAt.getTime() - other.createdAt.getTime())[0];
  return keys.find((key, index) => key.revokedAt === undefined && key.signsFrom <= now && isOnAllLists(key, keys.slice(0, index))) ?? longestKnown;
}

/** Whether it was on the lists still whenever one that had taken its place was revoked: then it may take that place again. */
function isOnAllLists(key: StoredKey, newer: readonly StoredKey[]): boolean {
  return newer.every(({ revokedAt, signsFrom }) => revokedAt === undefined || revokedAt < signsFrom || key.signsFrom > revokedAt || isNeeded(key, revokedAt));
}

function isNeeded({ neededUntil }: StoredKey, at: Date): boolean {
  return neededUntil !== undefined && neededUntil.getTime() + takenAfterEndMs >= at.getTime();
}

/** Newest first, each with its state. */
export async function signingKeys({ store, clock }: Pick<ServiceContext, 'store' | 'clock'>): Promise<SigningKey[]> {
  const now = clock.now();
  const keys = await store.codeKeys.list();
  const current = signing(keys, now);
  const stateOf = ({ revokedAt, signsFrom, id }: StoredKey): SigningKeyState =>
    revokedAt !== undefined ? 'revoked' : id === current?.id ? 'current' : signsFrom > now ? 'next' : 'retired';
  return keys.map((key) => ({ ...key, state: stateOf(key) }));
}

/** Whether registers have to know it: for what it signed, or will sign. */
export function isTrusted(key: SigningKey, now: Date): boolean {
  return key.state === 'next' || key.state === 'current' || isNeeded(key, now);
}

/** What signs now. Inside a transaction. */
export async function signer(context: ServiceContext): Promise<Ed25519KeyPair> {
  const { id } = await haveSigningKey(context);
  return newEd25519(await context.store.codeKeys.seedOf(id));
}

/** Made when there is none that may sign. Inside a transaction. */
export async function haveSigningKey(context: ServiceContext): Promise<StoredKey> {
  const { store, clock } = context;
  const find = async () => signing(await store.codeKeys.list(), clock.now());
  const key = await find();
  if (key !== undefined) {
    return key;
  }
  // Of several servers one makes it.
  await store.codeKeys.lock();
  return (await find()) ?? makeKey(context, clock.now());
}

/** Inside a transaction. */
export async function makeKey(context: ServiceContext, signsFrom: Date): Promise<StoredKey> {
  const { store, clock, random } = context;
  const { seed, ...made } = newKey(random);
  const key = { ...made, createdAt: clock.now(), signsFrom };
  await store.codeKeys.insert({ ...key, seed });
  await store.audit.append(auditEntry(context, { action: 'code_key.made', detail: { key_id: key.id, signs_from: signsFrom.toISOString() } }));
  return { ...key, revokedAt: undefined, neededUntil: undefined };
}

/** One whose id no command line takes for a flag. */
function newKey(random: ServiceContext['random']): Pick<NewKey, 'id' | 'publicKey' | 'seed'> {
  for (;;) {
    const seed = random.bytes(seedBytes);
    const { publicKey } = newEd25519(seed);
    const id = keyIdOf(publicKey);
    if (!id.startsWith('-')) {
      return { id, publicKey, seed };
    }
  }
}

/** What this registry is called in its tokens; made when it is first needed, the same for all servers. */
export async function issuerOf({ store, random }: { readonly store: Store; readonly random: ServiceContext['random'] }): Promise<string> {
  const known = await store.settings.get(issuerName);
  if (known !== undefined) {
    return known;
  }
  await store.settings.insert(issuerName, base64url(random.bytes(issuerBytes)));
  return (await store.settings.get(issuerName))!;
}
