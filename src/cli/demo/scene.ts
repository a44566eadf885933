import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { StepWire } from '../present/story.ts';
import { throwawayCertificate } from './certificate.ts';
import { Programs } from './programs.ts';

export interface Narrator {
  tell(step: Omit<StepWire, 'step'>): Promise<void>;
  /** The owner's question; undefined where nobody is there to answer: then the story answers it. */
  readonly ask: ((question: string) => Promise<boolean>) | undefined;
  /** Removes what the story leaves, also when it is interrupted. */
  readonly closing: AsyncDisposableStack;
}

/** Where a story takes place: a temporary home with a server in it, and a profile `admin`. */
export interface Scene {
  readonly programs: Programs;
  readonly home: string;
  readonly url: string;
  /** The server's certificate, PEM. */
  readonly certFile: string;
}

/** `serverArgs`: what the server is started with besides. */
export async function startScene(closing: AsyncDisposableStack, serverArgs: (home: string) => readonly string[] = () => []): Promise<Scene> {
  const home = mkdtempSync(join(tmpdir(), 'latchkey-demo-'));
  closing.defer(() => rmSync(home, { recursive: true, force: true }));
  const programs = new Programs(environment(home));
  closing.defer(() => programs.stopAll());

  const { cert, key } = throwawayCertificate(new Date(), 3_600_000);
  const certFile = keep(home, 'server.pem', cert);
  const keyFile = keep(home, 'server.key', key);
  const { first: { url } } = await programs.service(
    ['server', 'start', '--listen', '127.0.0.1:0', '--tls-cert', certFile, '--tls-key', keyFile, '--quiet', ...serverArgs(home)],
    (event) => event as { url: string },
  );
  await programs.json(['server', 'init', '--store', 'admin', '--url', url, '--ca', certFile]);
  return { programs, home, url, certFile };
}

/** A home of its own: nothing of the user's is read or written, the keychain neither. */
function environment(home: string): NodeJS.ProcessEnv {
  const kept = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('LATCHKEY_') || name === 'LATCHKEY_CACHE_HOME'));
  return {
    ...kept,
    NO_COLOR: '1',
    LATCHKEY_CONFIG_HOME: join(home, 'config'),
    LATCHKEY_DATA_HOME: join(home, 'data'),
    LATCHKEY_STATE_HOME: join(home, 'state'),
    LATCHKEY_SECRET_STORE: 'file',
    LATCHKEY_SECRET_KEY_FILE: keep(home, 'secret-store.key', randomBytes(32).toString('base64url')),
  };
}

function keep(home: string, name: string, text: string): string {
  const path = join(home, name);
  writeFileSync(path, text, { mode: 0o600 });
  return path;
}
