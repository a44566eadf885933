import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { EnrollCodeWire } from '../../api/enrollments.ts';
import { LatchkeyError } from '../../domain/errors.ts';
import type { Role } from '../../domain/token.ts';
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

const sendingMs = 10_000;
/** Where the server of a scene writes verification codes, in its home. */
const codesFile = 'codes.ndjson';

/** Where a story takes place: a temporary home with a server in it, and a profile `admin`. */
export class Scene {
  readonly programs: Programs;
  readonly home: string;
  readonly url: string;
  /** What points a role at the server that is enrolled with a code from stdin. */
  readonly enrolling: readonly string[];
  /** Stops the server, and starts it again where it was. */
  readonly stopServer: () => Promise<void>;
  readonly startServer: () => Promise<void>;
  readonly #tell: Narrator['tell'];
  readonly #machines: Programs[];
  readonly #begun = performance.now();
  #codesRead = 0;

  private constructor(of: Pick<Scene, 'programs' | 'home' | 'url' | 'enrolling' | 'stopServer' | 'startServer'>, tell: Narrator['tell']) {
    this.programs = of.programs;
    this.home = of.home;
    this.url = of.url;
    this.enrolling = of.enrolling;
    this.stopServer = of.stopServer;
    this.startServer = of.startServer;
    this.#tell = tell;
    this.#machines = [of.programs];
  }

  /** `serverFlags`: beside those of every server. */
  static async start({ closing, tell }: Narrator, serverFlags: readonly string[] = []): Promise<Scene> {
    const home = mkdtempSync(join(tmpdir(), 'latchkey-demo-'));
    closing.defer(() => rmSync(home, { recursive: true, force: true }));
    const programs = new Programs(environment(home));
    closing.defer(() => programs.stopAll());

    const { cert, key } = throwawayCertificate(new Date(), 3_600_000);
    const certFile = keep(home, 'server.pem', cert);
    const keyFile = keep(home, 'server.key', key);
    const serve = (listen: string) =>
      programs.service(
        ['server', 'start', '--listen', listen, '--tls-cert', certFile, '--tls-key', keyFile, '--quiet', '--verification-file', join(home, codesFile), ...serverFlags],
        (event) => event as { url: string },
      );
    let server = await serve('127.0.0.1:0');
    const { url } = server.first;
    await programs.json(['server', 'init', '--store', 'admin', '--url', url, '--ca', certFile]);
    const enrolling = ['--server', url, '--ca', certFile, '--enroll-code-file', '-'];
    const stopServer = () => server.stop();
    const startServer = async () => {
      server = await serve(new URL(url).host);
    };
    return new Scene({ programs, home, url, enrolling, stopServer, startServer }, tell);
  }

  /** Another machine, with a home of its own in this one. `folders`: where its programs are looked for first. */
  machine(name: string, closing: AsyncDisposableStack, ...folders: readonly string[]): Programs {
    const home = join(this.home, name);
    mkdirSync(home);
    const path = [...folders, process.env['PATH'] ?? ''].join(delimiter);
    const programs = new Programs({ ...environment(home), PATH: path });
    closing.defer(() => programs.stopAll());
    this.#machines.push(programs);
    return programs;
  }

  /** Runs a command as the admin, to its end. */
  admin<T>(...args: readonly string[]): Promise<T> {
    return this.programs.json<T>([...args, '--profile', 'admin']);
  }

  /** `match`: what the role is for. */
  async enrollCode(role: Role, ...match: readonly string[]): Promise<string> {
    const scope = match.flatMap((one) => ['--match', one]);
    return (await this.admin<EnrollCodeWire>('server', 'enroll-code', 'create', '--role', role, ...scope)).code;
  }

  /** The next verification code that the server has sent. It sends it after its answer. */
  async sentCode(): Promise<string> {
    const path = join(this.home, codesFile);
    const end = performance.now() + sendingMs;
    for (;;) {
      const [line, rest] = existsSync(path) ? readFileSync(path, 'utf8').split('\n').slice(this.#codesRead) : [];
      if (line !== undefined && rest !== undefined) {
        this.#codesRead += 1;
        return (JSON.parse(line) as { verification_code: string }).verification_code;
      }
      if (performance.now() > end) {
        throw new LatchkeyError('verification_unavailable', 'The server has sent no verification code.');
      }
      await delay(20);
    }
  }

  /** A file in its home, for nobody else to read. */
  keep(name: string, text: string): string {
    return keep(this.home, name, text);
  }

  async stopAll(): Promise<void> {
    for (const programs of this.#machines.toReversed()) {
      await programs.stopAll();
    }
  }

  /** Stops all that runs, and tells how long it took. */
  async end(): Promise<void> {
    await this.stopAll();
    const seconds = ((performance.now() - this.#begun) / 1000).toFixed(1);
    await this.#tell({ who: 'demo', text: `Done in ${seconds} s. The processes are stopped, and their folder is removed.` });
  }
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
