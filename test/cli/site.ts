import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { pathsFrom } from '../../src/cli/paths.ts';
import { Authority } from '../server/certificates.ts';
import { CommandLine, jsonWith, type Running } from './command-line.ts';
import { Counter } from './counter.ts';
import { Purse } from './purse.ts';
import { Till } from './till.ts';

/** `embedded`: on the database of this machine; `server`: with `--server`, another process, over TLS. */
export const ways = ['embedded', 'server'] as const;
export type Way = (typeof ways)[number];

export interface Identity {
  readonly uuid: string;
  readonly ssid: string;
  readonly pass_tmp: string;
}

export interface Asking {
  readonly requestId: string;
  readonly uuid: string;
  readonly joining: Running;
}

export interface OpenCounter {
  readonly site: Site;
  readonly counter: Counter;
  readonly url: string;
}

const onboardingSsid = 'iot-setup';
export const password = 'correct horse battery';

/** Somebody who runs commands one way or the other, with an access point to try them on. */
export class Site {
  readonly way: Way;
  /** Who registers, decides and looks after things. */
  readonly cli: CommandLine;
  /** The access point's machine; in the embedded way the same one. */
  readonly apCli: CommandLine;
  /** What goes behind a command that talks to a role. */
  readonly flags: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Where `flags` point, and what it takes to trust it. */
  readonly server: SiteServer | undefined;
  /** The machine of the database. */
  readonly #registry: CommandLine;
  readonly #others: readonly CommandLine[];
  #till: Promise<Till> | undefined;
  #purse: Promise<Purse> | undefined;
  #counter: Promise<Counter> | undefined;
  #openCounter: Promise<OpenCounter> | undefined;
  #agent: { readonly running: Running; readonly address: string } | undefined;

  private constructor(of: Pick<Site, 'way' | 'cli' | 'apCli' | 'flags' | 'env' | 'server'>, registry: CommandLine, others: readonly CommandLine[]) {
    this.way = of.way;
    this.cli = of.cli;
    this.apCli = of.apCli;
    this.flags = of.flags;
    this.env = of.env;
    this.server = of.server;
    this.#registry = registry;
    this.#others = others;
  }

  static async make(way: Way): Promise<Site> {
    const cli = await CommandLine.make();
    if (way === 'embedded') {
      await cli.json(['server', 'init']);
      return new Site({ way, cli, apCli: cli, flags: [], env: {}, server: undefined }, cli, []);
    }
    const host = await CommandLine.make();
    const server = await SiteServer.start(host);
    const { url, ca } = server;
    const { token } = await host.json(['server', 'init']);
    const caFile = cli.file('ca.pem', ca);
    const env = { LATCHKEY_TOKEN: token as string };
    const flags = ['--server', url, '--ca-file', caFile];
    const apCli = await CommandLine.make();
    const { code } = await cli.json(['server', 'enroll-code', 'create', '--role', 'ap', ...flags], { env });
    await apCli.json(['ap', 'enroll', '--server', url, '--ca', apCli.file('ca.pem', ca), '--enroll-code-file', '-', '--name', 'Hall'], { input: code });
    return new Site({ way, cli, apCli, flags, env, server }, host, [apCli, host]);
  }

  /** A role's command, one way or the other. */
  json<T = Record<string, any>>(...args: string[]): Promise<T> {
    return this.cli.json<T>([...args, ...this.flags], { env: this.env });
  }

  /** As somebody would who has the file. */
  alterDatabase(statement: string, ...values: string[]): void {
    const { env, folder } = this.#registry;
    const database = new DatabaseSync(join(pathsFrom(env, process.platform, folder).data, 'latchkey.db'));
    database.prepare(statement).run(...values);
    database.close();
  }

  /** As `CommandLine.until`, for a role's command. */
  until<T>(args: readonly string[], isSo: (result: T) => boolean): Promise<T> {
    return this.cli.until([...args, ...this.flags], isSo, { env: this.env });
  }

  async device(...args: string[]): Promise<Identity> {
    return this.json<Identity>('device', 'register', '--ssid', onboardingSsid, '--model', 'lamp', ...args);
  }

  /** The running access point's address; it is started when it is first needed. */
  async accessPoint(): Promise<string> {
    if (this.#agent === undefined) {
      const running = this.apCli.start([...serveArgs, '--json'], { input: password });
      const { status } = (await running.line(jsonWith('event', 'listening'))) as { status: { hello_port: number } };
      this.#agent = { running, address: `http://127.0.0.1:${status.hello_port}` };
    }
    return this.#agent.address;
  }

  /** A device that waits for the owner; `args`: how else it is registered. */
  async asking(...args: string[]): Promise<Asking> {
    const address = await this.accessPoint();
    const { uuid, ssid, pass_tmp: passTmp } = await this.device(...args);
    const joining = this.apCli.start(['device', 'join', '--uuid', uuid, '--ssid', ssid, '--ap', address, '--pass-tmp-file', '-', '--yes'], {
      input: passTmp,
    });
    const requestId = await Promise.race([
      this.#agent!.running.line((line) => {
        const { event, request } = JSON.parse(line) as Record<string, any>;
        return event === 'request' && request.uuid === uuid ? (request.request_id as string) : undefined;
      }),
      joining.ended.then(({ stderr }) => Promise.reject(new Error(stderr))),
    ]);
    return { requestId, uuid, joining };
  }

  /** A device that was let in. */
  async granted(...terms: string[]): Promise<{ readonly grantId: string; readonly uuid: string }> {
    const { requestId, uuid, joining } = await this.asking();
    const { grant_id: grantId } = await this.json('ap', 'approve', requestId, ...terms);
    const { code, stderr } = await joining.ended;
    if (code !== 0) {
      throw new Error(stderr);
    }
    // The agent tells the server of it a moment later.
    await this.until<{ items: { action: string }[] }>(['device', 'history', uuid], ({ items }) => items.some(({ action }) => action === 'request.joined'));
    await this.until<{ items: unknown[] }>(['ap', 'attempts', '--uuid', uuid], ({ items }) => items.length > 0);
    return { grantId: grantId as string, uuid };
  }

  /** A payer's terminal; it is enrolled when it is first needed. */
  purse(): Promise<Purse> {
    return (this.#purse ??= Purse.make(this, this.#registry));
  }

  /** Another payer's terminal; without a server there is only one. */
  otherPurse(): Promise<Purse> {
    return Purse.make(this, this.#registry);
  }

  /** A cash register; it is enrolled when it is first needed. */
  counter(): Promise<Counter> {
    return (this.#counter ??= Counter.make(this));
  }

  /** A cash register that phones on the network find, and the site whose terminal pays at it: without a server another one, whose machine has no access point. */
  openCounter(): Promise<OpenCounter> {
    return (this.#openCounter ??= this.#makeOpenCounter());
  }

  async #makeOpenCounter(): Promise<OpenCounter> {
    const site = this.server === undefined ? await Site.make('embedded') : this;
    const counter = await Counter.make(site, { here: true });
    const serving = counter.cli.start(['pos', 'serve', '--listen', '127.0.0.1:0', '--no-reader', '--json']);
    const { url } = (await serving.line(jsonWith('event', 'listening'))) as { url: string };
    return { site, counter, url };
  }

  /** Where money is taken and paid; it is opened when it is first needed. */
  till(): Promise<Till> {
    return (this.#till ??= Till.open(this.#registry));
  }

  async close(): Promise<void> {
    const open = await this.#openCounter;
    await open?.counter.close();
    await (open?.site === this ? undefined : open?.site.close());
    await (await this.#counter)?.close();
    await (await this.#till)?.close();
    await (await this.#purse)?.close();
    await this.cli.close();
    for (const other of this.#others) {
      await other.close();
    }
  }
}

export const serveArgs = [
  'ap', 'serve', '--onboarding-ssid', onboardingSsid, '--ssid', 'Home', '--listen', '127.0.0.1', '--port', '0', '--secure-port', '0', '--password-file', '-',
];

export const radiusArgs = [
  'ap', 'radius', '--onboarding-ssid', onboardingSsid, '--ssid', 'Home', '--device-address', '127.0.0.1', '--port', '0', '--secure-port', '0',
  '--listen', '127.0.0.1:0', '--accounting-listen', '127.0.0.1:0', '--nas', 'hall=127.0.0.1', '--nas', 'campus=10.1.0.0/16,cisco,orders=1700',
];

/** Where verification codes go. */
export function verificationFile({ folder }: CommandLine): string {
  return `${folder}/verification-codes.ndjson`;
}

/** The server, which may go and come back at the same address. */
export class SiteServer {
  readonly url: string;
  readonly ca: string;
  readonly #start: (listen: string) => Running;
  #running: Running;

  private constructor(url: string, ca: string, start: (listen: string) => Running, running: Running) {
    this.url = url;
    this.ca = ca;
    this.#start = start;
    this.#running = running;
  }

  static async start(host: CommandLine): Promise<SiteServer> {
    const authority = new Authority();
    const { cert, key } = authority.server();
    const tls = ['--tls-cert', host.file('server.pem', cert), '--tls-key', host.file('server.key', key)];
    const start = (listen: string) => host.start(['server', 'start', '--listen', listen, ...tls, '--verification-file', verificationFile(host), '--json']);
    const running = start('127.0.0.1:0');
    return new SiteServer(await urlOf(running), authority.cert, start, running);
  }

  async stop(): Promise<void> {
    this.#running.kill('SIGKILL');
    await this.#running.ended;
  }

  async startAgain(): Promise<void> {
    this.#running = this.#start(`127.0.0.1:${new URL(this.url).port}`);
    await urlOf(this.#running);
  }
}

function urlOf(running: Running): Promise<string> {
  return running.line((line) => (JSON.parse(line) as { url: string }).url);
}
