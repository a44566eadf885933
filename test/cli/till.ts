import { randomBytes, randomInt, randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { pathsFrom } from '../../src/cli/paths.ts';
import type { Account } from '../../src/domain/account.ts';
import type { CodeOrder, CreditProof } from '../../src/domain/credit-code.ts';
import { bssidFromNumber } from '../../src/domain/bssid.ts';
import { parseAmount } from '../../src/domain/money.ts';
import type { Network } from '../../src/domain/network.ts';
import { parseQuantity } from '../../src/domain/quantity.ts';
import { newAccessKey, publicJwkOf } from '../../src/protocol/access-code.ts';
import { codeText, parseCodeText, readToken, splitCode, verifyProof } from '../../src/protocol/credit-code.ts';
import { newEd25519 } from '../../src/protocol/ed25519.ts';
import { openKeyring } from '../../src/secrets/keyring.ts';
import { openStore } from '../../src/storage/open-store.ts';
import { rolesHere } from '../contract/roles-here.ts';
import type { Holder, RolesHarness } from '../contract/roles.harness.ts';
import { issueCode, openCodeRegister, type CodeHolder, type CodeRegister } from '../contract/code-parties.ts';
import { openSite } from '../contract/share-parties.ts';
import { bindTo, type PlainTerminal } from '../contract/shop.ts';
import { addNetwork } from '../storage/samples.ts';
import type { CommandLine } from './command-line.ts';
import { TestSharer } from './test-sharer.ts';

/** Of a radio of nobody else's: administered locally. */
function randomBssid(): string {
  return bssidFromNumber(0x02_00_00_00_00_00 + randomInt(2 ** 40));
}

/** Whoever takes money and pays in a home's database, beside the commands that look after it. */
export class Till {
  readonly #harness: RolesHarness;
  readonly #holder: Holder;

  private constructor(harness: RolesHarness, admin: Holder) {
    this.#harness = harness;
    this.#holder = admin;
  }

  static async open({ env, folder }: CommandLine): Promise<Till> {
    const { data } = pathsFrom(env, process.platform, folder);
    const keyring = await openKeyring({ env, data, create: false, store: () => Promise.reject(new Error('the key is in a file')) });
    const store = await openStore({ url: `sqlite:${join(data, 'latchkey.db')}`, sealer: keyring });
    const harness = await rolesHere(async () => ({ store, remove: async () => {} }));
    return new Till(harness, await harness.hold('admin'));
  }

  /** The commands go by the system's time, so it does, too. */
  get #admin(): Holder {
    this.#catchUp();
    return this.#holder;
  }

  #catchUp(): void {
    this.#harness.clock.pass(Math.max(0, Date.now() - this.#harness.clock.now().getTime()));
  }

  /** A new account with so much on it, such as `5.00EUR`; of any name if none is given. */
  async account(funds: string, name: string = randomUUID()): Promise<Account> {
    const amount = parseAmount(funds);
    const account = await this.#admin.ledger.open({ name, currency: amount.currency });
    await this.#admin.ledger.topUp(account.id, amount);
    return this.#admin.ledger.account(account.id);
  }

  /** A sharer whose side answers when it is told to. */
  async sharer(): Promise<TestSharer> {
    this.#catchUp();
    const site = await openSite(this.#harness);
    return new TestSharer(site, () => this.#catchUp());
  }

  /** A new one without money. */
  empty(currency = 'EUR'): Promise<Account> {
    return this.#admin.ledger.open({ name: randomUUID(), currency });
  }

  /** A network of an account that is proven, whoever proved it. */
  network(accountId: string, parts: Parameters<typeof addNetwork>[1] = {}): Promise<Network> {
    return addNetwork(this.#harness.store, { accountId, ...parts, bssids: parts.bssids ?? [randomBssid()] });
  }

  /** A shop: an account that a cash register charges for. */
  async shop(): Promise<Account> {
    const account = await this.empty();
    await (await this.#harness.hold('pos', { accounts: [account.id] })).pos.self();
    return account;
  }

  topUp(account: Account, amount: string, memo?: string) {
    return this.#admin.ledger.topUp(account.id, parseAmount(amount), { memo });
  }

  async terminal(account: Account): Promise<PlainTerminal> {
    return bindTo(this.#harness, await this.#harness.hold('terminal'), account);
  }

  /** A payment from a new account with twice its amount to another new one: paid, or held with `holdMs`. */
  async payment(amount: string, options: { readonly holdMs?: number; readonly memo?: string } = {}): Promise<{ readonly id: string; readonly payer: Account; readonly payee: Account }> {
    const { minor, currency } = parseAmount(amount);
    const payer = await this.empty(currency);
    await this.#admin.ledger.topUp(payer.id, { minor: 2n * minor, currency });
    const payee = await this.empty(currency);
    const terminal = await this.terminal(payer);
    const { paymentId } = await terminal.pay(terminal.request(payee.id, { minor, currency }, options));
    return { id: paymentId, payer, payee };
  }

  /** What a new guest has paid for of an offer, and awaits its sharer's answer to. */
  async shareRequest(offerId: string, quantity = '500MB'): Promise<string> {
    const terminal = await this.terminal(await this.account('20.00EUR'));
    const order = { offerId, quantity: parseQuantity(quantity), jwk: JSON.stringify(publicJwkOf(newAccessKey())), meterKey: newEd25519(randomBytes(32)).publicKey };
    const { id, sharer, fee } = await terminal.holder.sharing.request(order);
    await terminal.pay({ ...terminal.request(sharer.accountId, fee), shareRequestId: id });
    return id;
  }

  /** What a cash register of the payee's takes from a code's text comes to, at once. */
  async settle(payee: Account, text: string, amount: string): Promise<string> {
    this.#catchUp();
    const register = await openCodeRegister(this.#harness, payee);
    const code = parseCodeText(text);
    const { signedToken, signedProof } = splitCode(code);
    const token = readToken(signedToken);
    const [outcome] = await register.outcomes(register.accept(code, token, verifyProof(signedProof, signedToken, token).counter, amount));
    return outcome!;
  }

  /** A credit payment code of a new account with as much money, for 20.00EUR if nothing else is said. */
  async code(order: Partial<CodeOrder> = {}, limit = '20.00EUR'): Promise<ShownCode> {
    const account = await this.account(limit);
    const holder = await issueCode(this.#harness, await this.terminal(account), order, { limit });
    return {
      account,
      holder,
      shows: (counter, proof = {}) => {
        this.#catchUp();
        return codeText(holder.show(counter, proof));
      },
    };
  }

  revokeCode({ holder }: ShownCode) {
    return this.#admin.codes.revoke(holder.id);
  }

  /** A cash register of another shop, which takes whatever it is shown. */
  async codeRegister(): Promise<CodeRegister> {
    return openCodeRegister(this.#harness, await this.empty());
  }

  balance(account: Account) {
    return this.#admin.ledger.account(account.id);
  }

  /** An access point whose agent gives each payer a password, as the server hears of it. */
  async accessPoint(ssid: string): Promise<Holder> {
    this.#catchUp();
    const ap = await this.#harness.hold('ap');
    await ap.ap.announce({ ssid, onboardingSsid: 'setup', enforcement: 'per-grant' });
    return ap;
  }

  close(): Promise<void> {
    return this.#harness.close();
  }
}

/** A credit payment code in the hands of whoever pays by it. */
export interface ShownCode {
  readonly account: Account;
  readonly holder: CodeHolder;
  /** As it is scanned, made this moment. */
  shows(counter: number, proof?: Partial<CreditProof>): string;
}
