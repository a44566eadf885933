import { randomBytes } from 'node:crypto';
import type { Account } from '../../src/domain/account.ts';
import { CommandLine, type Ran } from './command-line.ts';
import type { Site } from './site.ts';
import { Till } from './till.ts';

export const shopPassword = 'coffee and cake';
const tariff = ['--step', '1.00EUR=10min', '--minimum', '1.00EUR', '--pausable', '--refund', 'unused'];

/** A cash register on a machine of its own. */
export class Counter {
  readonly cli: CommandLine;
  readonly account: Account;
  /** Where money is taken and paid at its registry. */
  readonly till: Till;
  /** What is to be closed with it. */
  readonly #own: readonly { close(): Promise<void> }[];

  private constructor(cli: CommandLine, account: Account, till: Till, own: readonly { close(): Promise<void> }[]) {
    this.cli = cli;
    this.account = account;
    this.till = till;
    this.#own = own;
  }

  /**
   * Of a shop whose network no agent serves; it sells 10 minutes for a euro. At the site's server, or with a database of
   * its own; `here`: with that of the site's machine.
   */
  static async make(site: Site, { here = false } = {}): Promise<Counter> {
    const counter = await Counter.#on(site, here);
    const { args, input } = await enrollment(site, counter.account, 'pos');
    await counter.cli.json(args, { input, env: { LATCHKEY_PASSWORD: shopPassword } });
    await counter.json('pos', 'tariff', 'set', ...tariff);
    return counter;
  }

  static async #on(site: Site, here: boolean): Promise<Counter> {
    if (site.server === undefined && here) {
      const till = await site.till();
      return new Counter(site.cli, await till.empty(), till, []);
    }
    const cli = await CommandLine.make();
    if (site.server !== undefined) {
      const till = await site.till();
      return new Counter(cli, await till.empty(), till, [cli]);
    }
    await cli.json(['server', 'init']);
    const till = await Till.open(cli);
    return new Counter(cli, await till.empty(), till, [till, cli]);
  }

  json<T = Record<string, any>>(...args: string[]): Promise<T> {
    return this.cli.json<T>(args);
  }

  run(...args: string[]): Promise<Ran> {
    return this.cli.run(args);
  }

  /** A charge in cash; without a UID for a receipt code. */
  async sold(amount: string, uid?: string): Promise<{ readonly grantId: string; readonly receipt: Record<string, any> }> {
    const receipt = await this.json('pos', 'charge', '--amount', amount, '--tender', 'cash', ...(uid === undefined ? [] : ['--uid', uid]));
    return { grantId: receipt['grant'].grant_id as string, receipt };
  }

  async close(): Promise<void> {
    for (const each of this.#own) await each.close();
  }
}

/** How a register is enrolled for an account; the network's password is in LATCHKEY_PASSWORD. */
export async function enrollment(site: Site, account: Account, profile: string): Promise<{ readonly args: readonly string[]; readonly input: string }> {
  const network = ['--ssid', 'cafe-guests'];
  if (site.server === undefined) {
    return { args: ['pos', 'enroll', '--account', account.name, ...network], input: '' };
  }
  const { code } = await site.json<{ code: string }>('server', 'enroll-code', 'create', '--role', 'pos', '--match', `account=${account.id}`);
  const ca = site.cli.file('pos-ca.pem', site.server.ca);
  return { args: ['pos', 'enroll', '--server', site.server.url, '--ca', ca, '--enroll-code-file', '-', '--name', 'Till 1', '--profile', profile, ...network], input: code };
}

/** Of a card that keeps its number. */
export function newUid(): string {
  return `04${randomBytes(6).toString('hex')}`;
}
