import { errorTable, LatchkeyError } from '../domain/errors.ts';
import { DbusError, DbusSession, DbusTimeout, sessionBusPath } from './dbus-session.ts';

/**
 * For the bus to answer; with the start of the program before it, still under a second. The bus also says that there is
 * no Secret Service, and at once.
 */
const busMs = 500;
/** For a Secret Service that is there, or that the bus is starting: it may be slow on a machine that has much to do. */
const serviceMs = 4000;
/** For a person to find the passphrase. */
const unlockMs = 60_000;
const noCollection = '/';

const service = {
  destination: 'org.freedesktop.secrets',
  path: '/org/freedesktop/secrets',
  interface: 'org.freedesktop.Secret.Service',
};
/** What the bus says when nothing owns the name and nothing can be started that would. */
const absent = /^org\.freedesktop\.DBus\.Error\.(ServiceUnknown|NameHasNoOwner|Spawn\..+)$/;

/**
 * Makes sure that libsecret can be called: that there is a Secret Service (freedesktop.org Secret Service API 0.2)
 * which answers, with an unlocked default collection, and nothing of ours in a locked one. libsecret itself, asked
 * without that, reports a locked secret as absent, kills the process when it lists secrets, or waits for ever in a
 * thread that then keeps the process from ending.
 *
 * `mayPrompt`: a locked keychain asks its user, if there is a display. Errors: `secret_store_unavailable`;
 * `secret_store_locked` if the user was asked and did not unlock it.
 */
export async function readySecretService(
  env: NodeJS.ProcessEnv,
  attributes: Readonly<Record<string, string>>,
  { mayPrompt }: { mayPrompt: boolean },
): Promise<void> {
  const socketPath = sessionBusPath(env);
  if (socketPath === undefined) {
    throw unavailable('there is no D-Bus session (DBUS_SESSION_BUS_ADDRESS is not set)', 'Run it in a desktop session or under `dbus-run-session`.');
  }
  let session;
  try {
    session = await DbusSession.open(socketPath, busMs);
    session.limit(serviceMs);
    const locked = await lockedPaths(session, attributes);
    if (locked.length > 0) {
      if (!mayPrompt || !(env['DISPLAY'] || env['WAYLAND_DISPLAY'])) {
        throw unavailable('it is locked and nobody is here to unlock it', 'Unlock it (log in at the desktop, or `gnome-keyring-daemon --unlock`).');
      }
      await unlock(session, locked);
    }
  } catch (error) {
    throw explained(error, session !== undefined);
  } finally {
    session?.close();
  }
}

/** The default collection if it is locked, and locked items with these attributes in any. */
async function lockedPaths(session: DbusSession, attributes: Readonly<Record<string, string>>): Promise<string[]> {
  const [collection] = await session.call({ ...service, member: 'ReadAlias', signature: 's', args: ['default'] }, 'o');
  if (typeof collection !== 'string' || collection === noCollection) {
    throw unavailable('it has no default keyring yet', 'Log in at the desktop once, or make one with its own program.');
  }
  const [isLocked] = await session.call(
    {
      ...service,
      path: collection,
      interface: 'org.freedesktop.DBus.Properties',
      member: 'Get',
      signature: 'ss',
      args: ['org.freedesktop.Secret.Collection', 'Locked'],
    },
    'v',
  );
  const [, items] = await session.call(
    { ...service, member: 'SearchItems', signature: 'a{ss}', args: [Object.entries(attributes)] },
    'aoao',
  );
  return [...(isLocked === true ? [collection] : []), ...(items as string[])];
}

async function unlock(session: DbusSession, paths: readonly string[]): Promise<void> {
  session.limit(unlockMs);
  const [, prompt] = await session.call({ ...service, member: 'Unlock', signature: 'ao', args: [paths] }, 'aoo');
  if (typeof prompt !== 'string' || prompt === noCollection) {
    return;
  }
  const ofPrompt = { path: prompt, interface: 'org.freedesktop.Secret.Prompt' };
  const completed = await session.subscribe({ ...ofPrompt, member: 'Completed' });
  await session.call({ ...service, ...ofPrompt, member: 'Prompt', signature: 's', args: [''] }, '');
  const answer = await completed.first.catch((error: unknown) => {
    throw error instanceof DbusTimeout ? notUnlocked(error) : error;
  });
  const [dismissed] = answer.body('bv');
  if (dismissed !== false) {
    throw notUnlocked();
  }
}

function notUnlocked(cause?: unknown): LatchkeyError {
  return new LatchkeyError('secret_store_locked', 'The keychain was not unlocked.', { cause });
}

function explained(error: unknown, connected: boolean): unknown {
  if (error instanceof LatchkeyError) {
    return error;
  }
  if (error instanceof DbusTimeout) {
    return connected
      ? unavailable('the Secret Service does not answer', 'Restart it (GNOME Keyring, KWallet or KeePassXC).', error)
      : unavailable('the D-Bus session does not answer', 'Start a new session.', error);
  }
  if (error instanceof DbusError) {
    return absent.test(error.errorName)
      ? unavailable('no Secret Service runs in this D-Bus session', 'Start one (GNOME Keyring, KWallet or KeePassXC).', error)
      : unavailable(`the Secret Service refuses (${error.errorName})`, 'Look at its own messages.', error);
  }
  const code = error instanceof Error && 'code' in error ? ` (${String(error.code)})` : '';
  return unavailable(`the D-Bus session cannot be reached${code}`, 'Check DBUS_SESSION_BUS_ADDRESS.', error);
}

/** The other stores are always named too: whoever has no keychain is mostly on a machine that will never have one. */
export function unavailable(what: string, remedy: string, cause?: unknown): LatchkeyError {
  return new LatchkeyError('secret_store_unavailable', `The keychain cannot be used: ${what}.`, {
    hint: `${remedy} Or: ${errorTable.secret_store_unavailable.hint}`,
    cause,
  });
}
