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

/** The one that signs: of those that are not revoked the newest whose time has come, or, if there is none, the newest. */
function signing(keys: readonly StoredKey[], now: Date): StoredKey | undefined {
  const good = keys.filter(({ revokedAt }) => revokedAt === undefined);
  return good.find(({ signsFrom }) => signsFrom <= now) ?? good[0];
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
export function isTrusted({ state, neededUntil }: SigningKey, now: Date): boolean {
  return state === 'next' || state === 'current' || (neededUntil !== undefined && neededUntil.getTime() + takenAfterEndMs >= now.getTime());
}

/** What signs now; the first is made when it is needed. Inside a transaction. */
export async function signer(context: ServiceContext): Promise<Ed25519KeyPair> {
  const { store, clock } = context;
  const find = async () => signing(await store.codeKeys.list(), clock.now());
  let key = await find();
  if (key === undefined) {
    // Of several servers one makes it.
    await store.codeKeys.lock();
    key = (await find()) ?? (await makeKey(context, clock.now()));
  }
  return newEd25519(await store.codeKeys.seedOf(key.id));
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
