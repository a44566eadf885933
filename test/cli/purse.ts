import { existsSync, readFileSync } from 'node:fs';
import { vi } from 'vitest';
import type { Account } from '../../src/domain/account.ts';
import { CommandLine, type Ran } from './command-line.ts';
import { verificationFile, type Site } from './site.ts';

export const identityCode = 'grün 2468';

/** What it takes of a site. */
type PurseSite = Pick<Site, 'cli' | 'flags' | 'env'> & { readonly server: { readonly url: string; readonly ca: string } | undefined };

/** A payer's terminal: its own machine at a server, the same one without. */
export class Purse {
  readonly cli: CommandLine;
  readonly env: Record<string, string>;
  readonly #registry: CommandLine;
  readonly #own: boolean;
  #bound: Promise<string> | undefined;

  private constructor(cli: CommandLine, registry: CommandLine, own: boolean) {
    this.cli = cli;
    this.#registry = registry;
    this.#own = own;
    this.env = { LATCHKEY_VERIFICATION_FILE: verificationFile(registry) };
  }

  static async make({ cli, server, flags, env }: PurseSite, registry: CommandLine): Promise<Purse> {
    if (server === undefined) {
      return new Purse(cli, registry, false);
    }
    const own = await CommandLine.make();
    const { code } = await cli.json(['server', 'enroll-code', 'create', '--role', 'terminal', ...flags], { env });
    await own.json(['wallet', 'enroll', '--server', server.url, '--ca', own.file('ca.pem', server.ca), '--enroll-code-file', '-', '--name', 'Phone'], { input: code });
    return new Purse(own, registry, true);
  }

  json<T = Record<string, any>>(args: readonly string[], input?: string): Promise<T> {
    return this.cli.json<T>(args, { env: this.env, ...(input === undefined ? {} : { input }) });
  }

  run(args: readonly string[], input?: string): Promise<Ran> {
    return this.cli.run(args, { env: this.env, ...(input === undefined ? {} : { input }) });
  }

  /** A verification that waits for its code, and that code in a file. */
  async requested(by: readonly string[]): Promise<{ readonly verification: string; readonly codeFile: string }> {
    const before = this.#sent().length;
    const { verification_id: verification } = await this.json<{ verification_id: string }>([...by, '--request-code']);
    // A server sends it after its answer.
    const code = await vi.waitUntil(() => this.#sent()[before]);
    return { verification, codeFile: this.cli.file(`${verification}.code`, code) };
  }

  /** The verification codes that were sent. */
  #sent(): string[] {
    const file = verificationFile(this.#registry);
    const lines = existsSync(file) ? readFileSync(file, 'utf8').split('\n').slice(0, -1) : [];
    return lines.map((line) => (JSON.parse(line) as { verification_code: string }).verification_code);
  }

  async bind({ id, name }: Pick<Account, 'id' | 'name'>): Promise<void> {
    const { verification, codeFile } = await this.requested(['account', 'bind', '--account', id, '--name', name]);
    await this.json(['account', 'bind', '--verification', verification, '--verification-code-file', codeFile, '--identity-code-file', '-'], identityCode);
  }

  /** The id of the account that it is bound to first. */
  bound(open: () => Promise<Account>): Promise<string> {
    return (this.#bound ??= open().then(async (account) => {
      await this.bind(account);
      return account.id;
    }));
  }

  async close(): Promise<void> {
    if (this.#own) await this.cli.close();
  }
}
