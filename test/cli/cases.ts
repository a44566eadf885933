import { randomUUID } from 'node:crypto';
import { paymentService, TestDesk } from '../card/card-desk.ts';
import { nvsVector } from '../vectors/nvs.ts';
import { heardNetworkToWire } from '../../src/api/heard-networks.ts';
import type { Network } from '../../src/domain/network.ts';
import type { Offer } from '../../src/domain/offer.ts';
import type { CommandLine } from './command-line.ts';
import { enrollment, newUid, shopPassword, type Counter } from './counter.ts';
import { iwScan } from '../station/scans.ts';
import { StandInEsptool } from '../flasher/stand-in-esptool.ts';
import { identityCode, type Purse } from './purse.ts';
import { newBssid, SharedNetwork } from './shared-network.ts';
import { password, radiusArgs, serveArgs, type Site, type Way } from './site.ts';
import type { TestSharer } from './test-sharer.ts';
import type { ShownCode } from './till.ts';

export interface Invocation {
  readonly args: readonly string[];
  readonly input?: string;
  readonly env?: Record<string, string>;
  /** On whose machine; the site's usual one if not given. */
  readonly cli?: CommandLine;
  /** It runs until it is told to end. */
  readonly endless?: true;
}

/** How a command is driven. */
export interface Case {
  /** A run that works, on things of its own. */
  readonly happy: (site: Site) => Promise<Invocation> | Invocation;
  /** A run that fails. */
  readonly failing: (site: Site) => (Invocation & { readonly exit: number }) | Promise<Invocation & { readonly exit: number }>;
  /** Only one way, and why. */
  readonly only?: { readonly way: Way; readonly because: string };
  /** What of the result is the same both ways; all of it but ids and times if not given. */
  readonly same?: (result: any) => unknown;
}

const nobody = '00000000-0000-4000-8000-000000000000';
const noRole = (because: string) => ({ way: 'embedded', because }) as const;
const talksToNoRole = noRole('it talks to no role');

/** A command that talks to a role: with the site's flags and token. */
function role(site: Site, ...args: string[]): Invocation {
  return { args: [...args, ...site.flags], env: site.env };
}

const failing =
  (exit: number, ...args: string[]): Case['failing'] =>
  (site) => ({ ...role(site, ...args), exit });

const failingHere =
  (exit: number, ...args: string[]): Case['failing'] =>
  () => ({ args, exit });

async function profiled({ cli }: Site): Promise<string> {
  const name = `p${randomUUID().slice(0, 8)}`;
  await cli.json(['profile', 'add', name, '--server', 'https://latchkey.example']);
  return name;
}

/** A home in which there is no database yet. */
function emptyHome({ cli }: Site): Record<string, string> {
  const folder = `${cli.folder}/${randomUUID()}`;
  return { LATCHKEY_DATA_HOME: `${folder}/data`, LATCHKEY_CONFIG_HOME: `${folder}/config`, LATCHKEY_STATE_HOME: `${folder}/state` };
}

/** A batch of one's own, with one device. */
async function batchOf(site: Site): Promise<string> {
  const batch = randomUUID();
  await site.device('--batch', batch);
  return batch;
}

/** What a payer runs on their terminal. */
function payers({ cli, env }: Purse, args: readonly string[], input?: string): Invocation {
  return { args, cli, env, ...(input === undefined ? {} : { input }) };
}

/** An account that the terminal is bound to; one for all, for a terminal gets ten verification codes a day. */
async function bound(site: Site): Promise<string> {
  const [till, purse] = [await site.till(), await site.purse()];
  return purse.bound(() => till.account('100.00EUR'));
}

/** A network of the account that the terminal is bound to, which is proven. */
async function network(site: Site): Promise<Network> {
  return (await site.till()).network(await bound(site));
}

/** An offer of such a network. */
async function offered(site: Site): Promise<{ readonly offer: string; readonly of: Network }> {
  const of = await network(site);
  const { offer_id: offer } = await (await site.purse()).json<{ offer_id: string }>(['share', 'offer', of.id, '--step', '1.00EUR=500MB', '--yes']);
  return { offer, of };
}

/** What a guest has paid for of such an offer. */
async function awaited(site: Site): Promise<string> {
  return (await site.till()).shareRequest((await offered(site)).offer);
}

/** What its terminal does with an offer. */
const withOffer = (...args: string[]): Case['happy'] => async (site) => {
  const { offer } = await offered(site);
  const [verb = '', ...more] = args;
  return payers(await site.purse(), ['share', 'offers', verb, offer, ...more]);
};
/** A terminal has a token's id, this machine itself has not. */
const whoever = ({ terminal_id: _, ...rest }: Record<string, unknown>) => rest;
const withNoOffer = (...args: string[]): Case['failing'] => async (site) => {
  const [verb = '', ...more] = args;
  return { ...payers(await site.purse(), ['share', 'offers', verb, 'off_nobodys', ...more]), exit: 3 };
};

/** An offer of somebody who answers as soon as it is paid, 1.00EUR for 100MB, and who asks for it. */
async function shared(site: Site): Promise<{ readonly sharer: TestSharer; readonly offer: Offer; readonly account: string }> {
  const [till, account] = [await site.till(), await bound(site)];
  const sharer = await till.sharer();
  return { sharer, offer: await sharer.offer(), account };
}

const sharedFee = ['--max-fee', '1.00EUR', '--identity-code-file', '-'];

async function asking(site: Site, ...more: string[]): Promise<Invocation & { readonly sharer: TestSharer; readonly offer: Offer }> {
  const { sharer, offer, account } = await shared(site);
  const args = ['share', 'request', offer.id, '--buy', '100MB', '--account', account, ...sharedFee, ...more];
  return { ...payers(await site.purse(), args, identityCode), sharer, offer };
}

/** Access that the payer has bought. */
async function sharedAccess(site: Site): Promise<{ readonly id: string; readonly sharer: TestSharer; readonly offer: Offer }> {
  const { args, sharer, offer } = await asking(site);
  const access = (await site.purse()).json(args, identityCode);
  await sharer.deliver(offer);
  return { id: (await access)['request'].request_id as string, sharer, offer };
}

/** What a guest does with access that it has bought. */
const withAccess = (...args: string[]): Case['happy'] => async (site) => {
  const { id } = await sharedAccess(site);
  const [verb = '', ...more] = args;
  return payers(await site.purse(), ['share', verb, id, ...more]);
};
const kindAndState = ({ kind, state, quantity, fee }: Record<string, unknown>) => ({ kind, state, quantity, fee });

/** A credit payment code over 1.00EUR. */
async function code(site: Site): Promise<string> {
  const { code_id: id } = await (await site.purse()).json(['code', 'issue', '--limit', '1.00EUR', '--account', await bound(site), '--identity-code-file', '-'], identityCode);
  return id as string;
}

/** What runs at a cash register. */
/** A cash register that waits, or is about to, for somebody to pay, and who does. */
async function openCharge(at: Site, amount: string): Promise<{ readonly site: Site; readonly url: string }> {
  const { site, counter, url } = await at.openCounter();
  counter.cli.start(['pos', 'charge', '--amount', amount, '--tap']);
  return { site, url };
}

function atRegister({ cli }: Counter, ...args: string[]): Invocation {
  return { args, cli };
}

const failingAtRegister =
  (exit: number, ...args: string[]): Case['failing'] =>
  async (site) => ({ ...atRegister(await site.counter(), ...args), exit });

/** A mandate of the payer's for a card of its own. */
async function mandate(site: Site): Promise<string> {
  await bound(site);
  const { subject_id: subject } = await (await site.purse()).json(['account', 'mandate', 'set', '--account', await bound(site), '--uid', newUid()]);
  return subject as string;
}

/** A credit payment code and a cash register that knows who signed it. */
async function shownCode(site: Site): Promise<{ readonly counter: Counter; readonly code: ShownCode }> {
  const counter = await site.counter();
  const code = await counter.till.code();
  await counter.json('code', 'trust', 'sync');
  return { counter, code };
}

/** One that was accepted. */
async function acceptedCode(site: Site): Promise<{ readonly counter: Counter; readonly code: ShownCode; readonly acceptance: Record<string, any> }> {
  const { counter, code } = await shownCode(site);
  return { counter, code, acceptance: await counter.cli.json(['code', 'accept', '--amount', '2.00EUR'], { input: code.shows(1) }) };
}

/** A showing that another register has taken, too, and settled first: its dispute. */
async function disputedCode(site: Site): Promise<{ readonly counter: Counter; readonly id: string }> {
  const { counter, code, acceptance } = await acceptedCode(site);
  const other = await counter.till.codeRegister();
  await other.outcomes(other.take(code.holder, 1, '2.00EUR'));
  await counter.run('code', 'settle');
  return { counter, id: acceptance['receipt_id'] as string };
}

/** An account with 5.00EUR. */
async function funded(site: Site): Promise<string> {
  return (await (await site.till()).account('5.00EUR')).id;
}

/** A payment of 3.00EUR. */
async function payment(site: Site, options?: { readonly holdMs: number }): Promise<string> {
  return (await (await site.till()).payment('3.00EUR', options)).id;
}

/** One that is held. */
function held(site: Site): Promise<string> {
  return payment(site, { holdMs: 600_000 });
}

/** What of a grant that was paid for is the same everywhere. */
function sold({ state, source, allowed_ms: allowed }: Record<string, unknown>): unknown {
  return { state, source, allowed };
}

/** A card application, in a file. */
function cardPolicy(cli: CommandLine): string {
  const parameters = [{ id: 'fare', type: 'largest_amount', at_most: '10.00EUR' }];
  return cli.file('policy.json', JSON.stringify({ name: 'city', version: 1, kind: 'transit', parameters }));
}

function cardService(amount: number): string {
  return JSON.stringify({ service: { kind: 'transit', at: '2026-11-30T14:30:00+01:00', amount, currency: 'EUR' } });
}

/** A machine of its own, with an application that has judged a service. */
async function judgedMachine({ cli }: Site): Promise<{ readonly env: Record<string, string>; readonly serviceId: string }> {
  const state = `${cli.folder}/${randomUUID()}`;
  const { store, desk } = await TestDesk.in(state);
  await desk.add(JSON.stringify(spending));
  const judged = await desk.begin({ guard: 'pay', key: 'order-4711', holder: 'acc_1', service: paymentService('3.20EUR', new Date()) });
  store.close();
  return { env: { LATCHKEY_STATE_HOME: state }, serviceId: judged!.serviceId };
}

const spending = { name: 'spending', version: 1, kind: 'payment', guards: ['pay'], parameters: [{ id: 'large', type: 'largest_amount', at_most: '10.00EUR' }] };

function atMachine(...args: string[]) {
  return async (site: Site): Promise<Invocation> => ({ args, env: (await judgedMachine(site)).env });
}

const failingAtMachine =
  (exit: number, ...args: string[]): Case['failing'] =>
  async (site) => ({ args, env: (await judgedMachine(site)).env, exit });

function cardCases(outcome: string): string {
  return JSON.stringify([{ name: 'a fare', ...(JSON.parse(cardService(320)) as object), expect: { outcome } }]);
}

/** A network of the payer's on the air, and its second name. */
async function claimed(site: Site): Promise<{ readonly purse: Purse; readonly network: SharedNetwork; readonly challenge: string }> {
  const purse = await site.purse();
  const network = new SharedNetwork(purse.cli);
  const { challenge } = await purse.json(['share', 'verify', 'start', ...network.claim, '--account', await bound(site)]);
  network.isCalled(Buffer.from(challenge.second as string, 'base64url'));
  return { purse, network, challenge: challenge.challenge_id as string };
}

/** One that is proven, with a message. */
async function proven(site: Site): Promise<{ readonly purse: Purse; readonly network: SharedNetwork; readonly id: string }> {
  const { purse, network, challenge } = await claimed(site);
  const { network_id: id } = await purse.json(['share', 'verify', 'confirm', challenge, '--scan', network.scan]);
  await purse.json(['share', 'message', 'set', id as string, '--text', 'Welcome!', '--lang', 'en']);
  return { purse, network, id: id as string };
}

/** A witness: at a server one that was enrolled there. */
async function atWitness(site: Site, ...args: string[]): Promise<Invocation> {
  if (site.server === undefined) {
    return { args };
  }
  const { args: enroll, input } = await witnessEnrollment(site);
  const { name } = await site.cli.json(enroll, { input });
  return { args: [...args, '--profile', name as string] };
}

async function witnessEnrollment(site: Site): Promise<{ readonly args: string[]; readonly input: string }> {
  const { code } = await site.json<{ code: string }>('server', 'enroll-code', 'create', '--role', 'witness');
  const ca = site.cli.file('enroll-ca.pem', site.server!.ca);
  return { args: ['share', 'witness', 'enroll', '--server', site.server!.url, '--ca', ca, '--enroll-code-file', '-', '--profile', `witness-${randomUUID()}`], input: code };
}

const failingAtPurse =
  (exit: number, ...args: string[]): Case['failing'] =>
  async (site) => ({ ...payers(await site.purse(), args), exit });

export const cases: Record<string, Case> = {
  'account bind': {
    happy: async (site) => {
      const [till, purse] = [await site.till(), await site.purse()];
      const { id, name } = await till.account('5.00EUR');
      const { verification, codeFile } = await purse.requested(['account', 'bind', '--account', id, '--name', name]);
      return payers(purse, ['account', 'bind', '--verification', verification, '--verification-code-file', codeFile, '--identity-code-file', '-'], identityCode);
    },
    failing: async (site) => ({ ...payers(await site.purse(), ['account', 'bind', '--account', 'acc_1', '--name', 'Anna']), exit: 2 }),
    same: ({ currency, algorithm, code_number: number }: Record<string, unknown>) => ({ currency, algorithm, number }),
  },
  'account close': {
    happy: async (site) => role(site, 'account', 'close', (await (await site.till()).empty()).name, '--yes'),
    failing: async (site) => ({ ...role(site, 'account', 'close', await funded(site), '--yes'), exit: 5 }),
  },
  'account credit reinstate': {
    happy: async (site) => role(site, 'account', 'credit', 'reinstate', await funded(site)),
    failing: failing(3, 'account', 'credit', 'reinstate', 'nobody'),
  },
  'account credit set': {
    happy: async (site) => role(site, 'account', 'credit', 'set', await funded(site), '50.00EUR'),
    failing: async (site) => ({ ...role(site, 'account', 'credit', 'set', await funded(site), '50JPY'), exit: 5 }),
  },
  'account list': {
    happy: async (site) => {
      await (await site.till()).empty('CHF');
      return role(site, 'account', 'list', '--limit', '1');
    },
    failing: failing(2, 'account', 'list', '--limit', '0'),
  },
  'account mandate end': {
    happy: async (site) => payers(await site.purse(), ['account', 'mandate', 'end', await mandate(site)]),
    failing: async (site) => ({ ...payers(await site.purse(), ['account', 'mandate', 'end', 'none']), exit: 3 }),
    same: ({ per_tap: perTap, per_day: perDay, currency }: Record<string, unknown>) => ({ perTap, perDay, currency }),
  },
  'account mandate list': {
    happy: async (site) => {
      await mandate(site);
      return payers(await site.purse(), ['account', 'mandate', 'list']);
    },
    failing: async (site) => ({ ...payers(await site.purse(), ['account', 'mandate', 'list', '--unknown']), exit: 2 }),
    same: ({ mandates }: { mandates: unknown[] }) => mandates.length > 0,
  },
  'account mandate set': {
    happy: async (site) => payers(await site.purse(), ['account', 'mandate', 'set', '--account', await bound(site), '--uid', newUid(), '--per-day', '20.00EUR']),
    failing: async (site) => {
      await bound(site);
      return { ...payers(await site.purse(), ['account', 'mandate', 'set', '--account', 'nobody', '--uid', newUid()]), exit: 4 };
    },
    same: ({ per_tap: perTap, per_day: perDay, currency }: Record<string, unknown>) => ({ perTap, perDay, currency }),
  },
  'account open': {
    happy: (site) => role(site, 'account', 'open', randomUUID(), '--currency', 'EUR', '--contact', 'anna@example.org'),
    failing: async (site) => ({ ...role(site, 'account', 'open', (await (await site.till()).empty()).name, '--currency', 'EUR'), exit: 5 }),
  },
  'account payout': {
    happy: async (site) => role(site, 'account', 'payout', await funded(site), '1.50EUR', '--memo', 'cash'),
    failing: async (site) => ({ ...role(site, 'account', 'payout', await funded(site), '5.01EUR'), exit: 4 }),
  },
  'account rebind': {
    happy: async (site) => {
      const purse = await site.purse();
      return payers(purse, ['account', 'rebind', await bound(site), '--request-code']);
    },
    failing: async (site) => ({ ...payers(await site.purse(), ['account', 'rebind', 'nobody', '--request-code']), exit: 4 }),
    same: (sent: object) => Object.keys(sent).sort(),
  },
  'account show': {
    happy: async (site) => role(site, 'account', 'show', await funded(site)),
    failing: failing(3, 'account', 'show', 'nobody'),
  },
  'account statement': {
    happy: async (site) => {
      const account = await funded(site);
      await site.json('account', 'payout', account, '1.50EUR');
      return role(site, 'account', 'statement', account);
    },
    failing: failing(3, 'account', 'statement', 'nobody'),
  },
  'account status': {
    happy: async (site) => {
      await bound(site);
      return payers(await site.purse(), ['account', 'status']);
    },
    failing: async (site) => ({ ...payers(await site.purse(), ['account', 'status', '--profile', 'nobody']), exit: 3 }),
    same: ({ accounts }: { accounts: unknown[] }) => accounts.length > 0,
  },
  'account topup': {
    happy: async (site) => role(site, 'account', 'topup', await funded(site), '1.50EUR', '--memo', 'cash'),
    failing: async (site) => ({ ...role(site, 'account', 'topup', await funded(site), '1.50EUR', '--provider', 'stripe'), exit: 6 }),
  },
  'account topups': {
    happy: async (site) => role(site, 'account', 'topups', '--account', await funded(site)),
    failing: failing(3, 'account', 'topups', '--account', 'nobody'),
  },
  'account unlock': {
    happy: async (site) => role(site, 'account', 'unlock', await funded(site)),
    failing: failing(3, 'account', 'unlock', 'nobody'),
  },
  'ap approve': {
    happy: async (site) => role(site, 'ap', 'approve', (await site.asking()).requestId),
    failing: failing(3, 'ap', 'approve', 'req_none'),
  },
  'ap attempts': {
    happy: async (site) => role(site, 'ap', 'attempts', '--uuid', (await site.granted()).uuid),
    failing: failing(2, 'ap', 'attempts', '--limit', '0'),
  },
  'ap config': {
    only: talksToNoRole,
    happy: () => ({ args: ['ap', 'config', '--interface', 'wlan0', '--ssid', 'Home', '--onboarding-ssid', 'iot-setup'] }),
    failing: failingHere(2, 'ap', 'config', '--interface', 'wlan0', '--ssid', 'Home'),
  },
  'ap deny': {
    happy: async (site) => role(site, 'ap', 'deny', (await site.asking()).requestId, '--reason', 'not ours'),
    failing: failing(3, 'ap', 'deny', 'req_none'),
  },
  'ap doctor': {
    happy: (site) => ({ args: ['ap', 'doctor', '--port', '0', '--secure-port', '0', '--interface', 'lo'], cli: site.apCli }),
    failing: (site) => ({ args: ['ap', 'doctor', '--port', '0', '--secure-port', '0', '--interface', 'none0'], cli: site.apCli, exit: 12 }),
    // What there is to look at differs: an embedded access point has no server and no certificate.
    same: ({ ok }) => ok,
  },
  'ap enroll': {
    only: { way: 'server', because: 'an access point enrols at a server' },
    happy: async (site) => {
      const { code } = await site.json<{ code: string }>('server', 'enroll-code', 'create', '--role', 'ap');
      return {
        args: ['ap', 'enroll', '--server', site.server!.url, '--ca', site.cli.file('enroll-ca.pem', site.server!.ca), '--enroll-code-file', '-', '--profile', `ap-${randomUUID()}`],
        input: code,
      };
    },
    failing: (site) => ({
      args: ['ap', 'enroll', '--server', site.server!.url, '--ca', site.cli.file('enroll-ca.pem', site.server!.ca), '--enroll-code-file', '-', '--profile', 'never'],
      input: 'lke_never',
      exit: 4,
    }),
  },
  'ap radius': {
    happy: (site) => ({
      args: radiusArgs,
      cli: site.apCli,
      env: { LATCHKEY_RADIUS_SECRET_HALL: 'of the hall', LATCHKEY_RADIUS_SECRET_CAMPUS: 'of the campus', LATCHKEY_STATE_HOME: `${site.apCli.folder}/${randomUUID()}` },
      endless: true,
    }),
    failing: (site) => ({ args: radiusArgs, cli: site.apCli, exit: 2 }),
    same: ([listening]) => listening,
  },
  'ap requests': {
    happy: async (site) => {
      await site.asking();
      return role(site, 'ap', 'requests', '--limit', '1');
    },
    failing: failing(2, 'ap', 'requests', '--limit', '0'),
  },
  'ap serve': {
    happy: (site) => ({ args: serveArgs, input: password, cli: site.apCli, env: { LATCHKEY_STATE_HOME: `${site.apCli.folder}/${randomUUID()}` }, endless: true }),
    failing: (site) => ({ args: serveArgs, input: 'short', cli: site.apCli, exit: 2 }),
    same: ([listening]) => listening,
  },
  'ap stations': {
    only: noRole('it asks the agent, which alone knows its radio'),
    happy: async (site) => {
      await site.accessPoint();
      return { args: ['ap', 'stations'], cli: site.apCli };
    },
    failing: (site) => ({ args: ['ap', 'stations'], env: emptyHome(site), exit: 6 }),
  },
  'ap status': {
    happy: async (site) => {
      await site.accessPoint();
      return role(site, 'ap', 'status');
    },
    failing: (site) => ({ args: ['ap', 'status', '--server', 'https://127.0.0.1:1'], env: emptyHome(site), exit: 6 }),
    // The agent knows more of itself than the server does.
    same: ({ items }) =>
      items
        .filter(({ ssid }: { ssid?: string }) => ssid === 'Home')
        .map(({ ssid, onboarding_ssid }: Record<string, string>) => ({ ssid, onboarding_ssid })),
  },
  'audit head': {
    happy: (site) => role(site, 'audit', 'head'),
    failing: failing(2, 'audit', 'head', 'of-what'),
  },
  'audit list': {
    happy: async (site) => role(site, 'audit', 'list', '--uuid', (await site.device()).uuid),
    failing: failing(2, 'audit', 'list', '--action', 'nothing'),
  },
  'audit verify': {
    happy: (site) => role(site, 'audit', 'verify'),
    failing: failing(2, 'audit', 'verify', '--unknown'),
    same: ({ ok }) => ok,
  },
  'card app add': {
    only: talksToNoRole,
    happy: async ({ cli }) => ({ args: ['card', 'app', 'add', '-'], input: JSON.stringify(spending), env: { LATCHKEY_STATE_HOME: `${cli.folder}/${randomUUID()}` } }),
    failing: async (site) => ({ ...(await atMachine('card', 'app', 'add', '-')(site)), input: JSON.stringify({ ...spending, guards: ['charge'] }), exit: 5 }),
  },
  'card app list': {
    only: talksToNoRole,
    happy: atMachine('card', 'app', 'list'),
    failing: failingAtMachine(2, 'card', 'app', 'list', '--unknown'),
  },
  'card app remove': {
    only: talksToNoRole,
    happy: atMachine('card', 'app', 'remove', 'spending', '--yes'),
    failing: failingAtMachine(3, 'card', 'app', 'remove', 'nobody', '--yes'),
  },
  'card app show': {
    only: talksToNoRole,
    happy: atMachine('card', 'app', 'show', 'spending'),
    failing: failingAtMachine(3, 'card', 'app', 'show', 'nobody'),
  },
  'card check': {
    only: talksToNoRole,
    happy: ({ cli }) => ({ args: ['card', 'check', '--policy', cardPolicy(cli), '--data', '-'], input: cardService(320) }),
    failing: ({ cli }) => ({ args: ['card', 'check', '--policy', cardPolicy(cli), '--data', '-'], input: cardService(1001), exit: 4 }),
  },
  'card explain': {
    only: talksToNoRole,
    happy: ({ cli }) => ({ args: ['card', 'explain', '--policy', cardPolicy(cli), '--data', '-'], input: cardService(1001) }),
    failing: ({ cli }) => ({ args: ['card', 'explain', '--policy', cardPolicy(cli), '--data', '-'], input: '{}', exit: 2 }),
  },
  'card lint': {
    only: talksToNoRole,
    happy: ({ cli }) => ({ args: ['card', 'lint', cardPolicy(cli)] }),
    failing: () => ({ args: ['card', 'lint', '-'], input: '{"name": "x"}', exit: 12 }),
  },
  'card log': {
    only: talksToNoRole,
    happy: atMachine('card', 'log', '--app', 'spending', '--outcome', 'allow'),
    failing: failingAtMachine(3, 'card', 'log', '--after', 'svc_none'),
  },
  'card reverse': {
    only: talksToNoRole,
    happy: async (site) => {
      const { env, serviceId } = await judgedMachine(site);
      return { args: ['card', 'reverse', serviceId, '--reason', 'refunded'], env };
    },
    failing: failingAtMachine(3, 'card', 'reverse', 'svc_none'),
  },
  'card shadow': {
    only: talksToNoRole,
    happy: async (site) => ({ ...(await atMachine('card', 'shadow', '--app', 'spending', '--policy', '-')(site)), input: JSON.stringify({ ...spending, version: 2 }) }),
    failing: async (site) => ({ ...(await atMachine('card', 'shadow', '--app', 'nobody', '--policy', '-')(site)), input: JSON.stringify(spending), exit: 3 }),
  },
  'card test': {
    only: talksToNoRole,
    happy: ({ cli }) => ({ args: ['card', 'test', '-', '--policy', cardPolicy(cli)], input: cardCases('allow') }),
    failing: ({ cli }) => ({ args: ['card', 'test', '-', '--policy', cardPolicy(cli)], input: cardCases('ask'), exit: 12 }),
  },
  'code issue': {
    happy: async (site) => payers(await site.purse(), ['code', 'issue', '--limit', '3.00EUR', '--max-each', '1.50EUR', '--account', await bound(site), '--identity-code-file', '-'], identityCode),
    failing: async (site) => ({ ...payers(await site.purse(), ['code', 'issue', '--limit', '1000.00EUR', '--account', await bound(site), '--identity-code-file', '-'], identityCode), exit: 4 }),
    same: ({ state, limit, max_each: each, uses }: Record<string, unknown>) => ({ state, limit, each, uses }),
  },
  'code list': {
    happy: async (site) => {
      await code(site);
      return payers(await site.purse(), ['code', 'list']);
    },
    failing: async (site) => ({ ...payers(await site.purse(), ['code', 'list', '--profile', 'nobody']), exit: 3 }),
    same: ({ codes, corrected }: { codes: unknown[]; corrected: boolean }) => ({ some: codes.length > 0, corrected }),
  },
  'code revoke': {
    happy: async (site) => payers(await site.purse(), ['code', 'revoke', await code(site)]),
    failing: async (site) => ({ ...payers(await site.purse(), ['code', 'revoke', 'none']), exit: 3 }),
    same: ({ settled, settled_uses: uses }: Record<string, unknown>) => ({ settled, uses }),
  },
  'code show': {
    only: noRole('it asks nobody'),
    happy: async (site) => payers(await site.purse(), ['code', 'show', await code(site)]),
    failing: async (site) => ({ ...payers(await site.purse(), ['code', 'show', 'none']), exit: 3 }),
  },
  'code take-back': {
    happy: async (site) => {
      const [purse, id] = [await site.purse(), await code(site)];
      const { counter } = await purse.json<{ counter: number }>(['code', 'show', id]);
      return payers(purse, ['code', 'take-back', id, String(counter), '--yes']);
    },
    failing: async (site) => ({ ...payers(await site.purse(), ['code', 'take-back', await code(site), '1', '--yes']), exit: 3 }),
    same: ({ counter, uses_left: uses, amount_left: amount }: Record<string, unknown>) => ({ counter, uses, amount }),
  },
  'code accept': {
    happy: async (site) => {
      const { counter, code } = await shownCode(site);
      return { ...atRegister(counter, 'code', 'accept', '--amount', '2.00EUR', '--memo', 'cake'), input: code.shows(1) };
    },
    failing: async (site) => {
      const { counter, code } = await shownCode(site);
      return { ...atRegister(counter, 'code', 'accept', '--amount', '5.01EUR'), input: code.shows(1), exit: 4 };
    },
    same: ({ accepted, amount, checks }: Record<string, unknown>) => ({ accepted, amount, checks }),
  },
  'code disputes list': {
    happy: async (site) => atRegister((await disputedCode(site)).counter, 'code', 'disputes', 'list', '--outcome', 'duplicate', '--limit', '1'),
    failing: failingAtRegister(2, 'code', 'disputes', 'list', '--outcome', 'settled'),
    same: ({ items }) => items.map(({ outcome, loss, borne_by: bearer }: Record<string, unknown>) => ({ outcome, loss, bearer })),
  },
  'code disputes show': {
    happy: async (site) => {
      const { counter, id } = await disputedCode(site);
      return atRegister(counter, 'code', 'disputes', 'show', id);
    },
    failing: failingAtRegister(3, 'code', 'disputes', 'show', 'none'),
    same: ({ outcome, loss, other }: Record<string, unknown>) => ({ outcome, loss, other: typeof other }),
  },
  'code receipt': {
    happy: async (site) => {
      const { counter, acceptance } = await acceptedCode(site);
      return { ...atRegister(counter, 'code', 'receipt', '-'), input: acceptance['receipt_text'] as string };
    },
    failing: async (site) => ({ ...atRegister(await site.counter(), 'code', 'receipt', '-'), input: 'LKR1:', exit: 2 }),
    same: ({ signature, receipt: { amount, counter } }) => ({ signature, amount, counter }),
  },
  'code settle': {
    happy: async (site) => {
      const { counter } = await shownCode(site);
      await counter.run('code', 'settle');
      const { counter: same } = await acceptedCode(site);
      return atRegister(same, 'code', 'settle');
    },
    failing: failingAtRegister(2, 'code', 'settle', '--at', 'noon'),
    same: ({ counts, disputes }: Record<string, unknown>) => ({ counts, disputes }),
  },
  'code trust show': {
    happy: async (site) => atRegister((await shownCode(site)).counter, 'code', 'trust', 'show'),
    failing: failingAtRegister(3, 'code', 'trust', 'show', '--profile', 'nobody'),
    same: ({ keys, too_old: tooOld }) => ({ keys: keys.length, tooOld }),
  },
  'code trust sync': {
    happy: async (site) => atRegister((await shownCode(site)).counter, 'code', 'trust', 'sync'),
    failing: failingAtRegister(3, 'code', 'trust', 'sync', '--profile', 'nobody'),
    same: ({ keys, too_old: tooOld }) => ({ keys: keys.length, tooOld }),
  },
  completion: {
    only: talksToNoRole,
    happy: () => ({ args: ['completion', 'bash'] }),
    failing: failingHere(2, 'completion', 'tcsh'),
  },
  demo: {
    only: noRole('it brings a server of its own'),
    happy: () => ({ args: ['demo'] }),
    failing: failingHere(2, 'demo', 'nothing'),
  },
  'demo onboarding': {
    only: noRole('it brings a server of its own'),
    happy: () => ({ args: ['demo', 'onboarding'] }),
    failing: failingHere(8, 'demo', 'onboarding', '--timeout', '10ms'),
  },
  'demo offline': {
    only: noRole('it brings a server of its own'),
    happy: () => ({ args: ['demo', 'offline'] }),
    failing: failingHere(8, 'demo', 'offline', '--timeout', '10ms'),
  },
  'demo pay': {
    only: noRole('it brings a server of its own'),
    happy: () => ({ args: ['demo', 'pay'] }),
    failing: failingHere(8, 'demo', 'pay', '--timeout', '10ms'),
  },
  'demo share': {
    only: noRole('it brings a server of its own'),
    happy: () => ({ args: ['demo', 'share'] }),
    failing: failingHere(8, 'demo', 'share', '--timeout', '10ms'),
  },
  'device batch list': {
    happy: async (site) => {
      await site.device('--batch', 'listed');
      return role(site, 'device', 'batch', 'list', '--limit', '1000');
    },
    failing: failing(2, 'device', 'batch', 'list', '--limit', '0'),
    same: ({ items }) => items.filter(({ batch }: { batch: string }) => batch === 'listed').map(({ registered, devices }: Record<string, number>) => registered === devices),
  },
  'device batch report': {
    happy: async (site) => role(site, 'device', 'batch', 'report', await batchOf(site), '--format', 'html', '--out', `${site.cli.folder}/${randomUUID()}.html`),
    failing: failing(3, 'device', 'batch', 'report', 'none', '--format', 'csv', '--out', '/dev/null/none'),
    same: ({ batch: _, file, ...report }) => ({ ...report, file: typeof file }),
  },
  'device batch revoke': {
    happy: async (site) => role(site, 'device', 'batch', 'revoke', await batchOf(site), '--reason', 'leaked', '--yes'),
    failing: async (site) => ({ ...role(site, 'device', 'batch', 'revoke', await batchOf(site)), exit: 2 }),
  },
  'device batch show': {
    happy: async (site) => role(site, 'device', 'batch', 'show', await batchOf(site)),
    failing: failing(3, 'device', 'batch', 'show', 'none'),
    // Both are made within a second, or not.
    same: ({ timeline: _, ...batch }) => batch,
  },
  'device flash': {
    happy: async (site) => {
      const esptool = new StandInEsptool(`${site.cli.folder}/${randomUUID()}`);
      const { uuid } = await site.device();
      return role(site, 'device', 'flash', '--tool', esptool.path, '--port', esptool.port('ttyUSB0'), '--offset', '0x9000', '--uuid', uuid);
    },
    failing: async (site) => {
      const esptool = new StandInEsptool(`${site.cli.folder}/${randomUUID()}`);
      const { uuid } = await site.device();
      return { ...role(site, 'device', 'flash', '--tool', esptool.path, '--port', '/dev/ttyNONE', '--offset', '0x9000', '--uuid', uuid), exit: 12 };
    },
    same: ([{ result, recorded }]) => ({ result, recorded }),
  },
  'device history': {
    happy: async (site) => {
      const { uuid } = await site.granted();
      // What an access point asks is logged in groups, after what followed from it.
      await site.until<{ items: { action: string }[] }>(['device', 'history', uuid], ({ items }) => items.some(({ action }) => action === 'device.asked'));
      return role(site, 'device', 'history', uuid);
    },
    failing: failing(3, 'device', 'history', nobody),
  },
  'device image': {
    happy: async (site) => role(site, 'device', 'image', '--uuid', (await site.device()).uuid, '--out-dir', 'images'),
    failing: failing(3, 'device', 'image', '--uuid', nobody, '--out-dir', 'images'),
  },
  'device join': {
    only: noRole('it talks to an access point, not to the registry'),
    happy: async (site) => {
      const { uuid, ssid, pass_tmp: input } = await site.device('--batch', 'automatic');
      const running = site.apCli.start([...serveArgs, '--auto-approve', 'batch=automatic', '--json'], {
        input: password,
        env: { LATCHKEY_STATE_HOME: `${site.apCli.folder}/${randomUUID()}` },
      });
      const port = await running.line((line) => (JSON.parse(line) as { status?: { hello_port: number } }).status?.hello_port);
      return { args: ['device', 'join', '--uuid', uuid, '--ssid', ssid, '--ap', `127.0.0.1:${port}`, '--pass-tmp-file', '-', '--yes'], input };
    },
    failing: async (site) => {
      const { uuid, ssid } = await site.device();
      return {
        args: ['device', 'join', '--uuid', uuid, '--ssid', ssid, '--ap', await site.accessPoint(), '--pass-tmp-file', '-', '--yes'],
        input: 'another-pass-tmp-of-26-letters',
        exit: 4,
      };
    },
  },
  'device label': {
    happy: async (site) => role(site, 'device', 'label', '--uuid', (await site.device()).uuid, '--dpp', '--width', '60', '--height', '30', '--out-dir', `${site.cli.folder}/labels`),
    failing: failing(3, 'device', 'label', '--uuid', nobody, '--out', 'never.svg'),
  },
  'device list': {
    happy: async (site) => {
      const batch = randomUUID();
      await site.device('--batch', batch);
      return role(site, 'device', 'list', '--batch', batch);
    },
    failing: failing(2, 'device', 'list', '--state', 'lost'),
    same: ({ items }) => items.map(({ batch: _, ...device }: Record<string, unknown>) => device),
  },
  'device readback': {
    happy: async (site) => {
      const { uuid } = await site.device();
      await site.json('device', 'image', '--uuid', uuid, '--out-dir', 'images');
      return role(site, 'device', 'readback', `images/${uuid}.bin`, '--verify');
    },
    failing: (site) => ({ ...role(site, 'device', 'readback', site.cli.file('small.bin', nvsVector('small.bin')), '--verify'), exit: 3 }),
  },
  'device register': {
    happy: (site) => role(site, 'device', 'register', '--ssid', 'iot-setup', '--model', 'lamp'),
    failing: async (site) => {
      const { uuid } = await site.device();
      const { args, env } = role(site, 'device', 'register', '--ssid', 'iot-setup', '--uuid', uuid, '--pass-tmp-file', '-');
      return { args, env: env!, input: 'another-pass-tmp-of-26-letters', exit: 5 };
    },
  },
  'device reset': {
    happy: async (site) => role(site, 'device', 'reset', (await site.granted()).uuid),
    failing: failing(3, 'device', 'reset', nobody),
  },
  'device revoke': {
    happy: async (site) => role(site, 'device', 'revoke', (await site.device()).uuid, '--yes'),
    failing: async (site) => ({ ...role(site, 'device', 'revoke', (await site.device()).uuid), exit: 2 }),
  },
  'device show': {
    happy: async (site) => role(site, 'device', 'show', (await site.device()).uuid),
    failing: failing(3, 'device', 'show', nobody),
  },
  doctor: {
    happy: (site) => role(site, 'doctor'),
    failing: (site) => ({ args: ['doctor'], env: { LATCHKEY_SECRET_STORE: 'env', LATCHKEY_SERVER: 'https://127.0.0.1:1', ...emptyHome(site) }, exit: 12 }),
    same: ({ ok }) => ok,
  },
  'grant list': {
    happy: async (site) => role(site, 'grant', 'list', '--subject', (await site.granted()).uuid),
    failing: failing(2, 'grant', 'list', '--after', 'nowhere'),
  },
  'grant increase': {
    happy: async (site) => role(site, 'grant', 'increase', (await site.granted('--for', '1h', '--quota', '1MB')).grantId, '--for', '30m', '--quota', '1MB'),
    failing: async (site) => ({ ...role(site, 'grant', 'increase', (await site.granted()).grantId, '--quota', '1MB'), exit: 2 }),
  },
  'grant move': {
    happy: async (site) => {
      const counter = await site.counter();
      return atRegister(counter, 'grant', 'move', (await counter.sold('2.00EUR', newUid())).grantId, '--to-uid', newUid());
    },
    failing: failingAtRegister(3, 'grant', 'move', 'grt_none', '--to-uid', newUid()),
    same: sold,
  },
  'grant pause': {
    happy: async (site) => {
      const counter = await site.counter();
      return atRegister(counter, 'grant', 'pause', (await counter.sold('2.00EUR', newUid())).grantId);
    },
    failing: failingAtRegister(3, 'grant', 'pause', 'grt_none'),
    same: sold,
  },
  'grant refund': {
    happy: async (site) => {
      const counter = await site.counter();
      return atRegister(counter, 'grant', 'refund', (await counter.sold('2.00EUR', newUid())).grantId);
    },
    failing: failingAtRegister(3, 'grant', 'refund', 'grt_none'),
    same: ({ grant, sales, in_ledger: inLedger }: { grant: object; sales: object[]; in_ledger: object[] }) => ({ grant: sold(grant as Record<string, unknown>), sales: sales.length, inLedger }),
  },
  'grant resume': {
    happy: async (site) => {
      const counter = await site.counter();
      const { grantId } = await counter.sold('2.00EUR', newUid());
      await counter.json('grant', 'pause', grantId);
      return atRegister(counter, 'grant', 'resume', grantId);
    },
    failing: failingAtRegister(3, 'grant', 'resume', 'grt_none'),
    same: sold,
  },
  'grant revoke': {
    happy: async (site) => role(site, 'grant', 'revoke', (await site.granted()).grantId, '--reason', 'moved out'),
    failing: failing(3, 'grant', 'revoke', 'grt_none'),
  },
  'grant show': {
    happy: async (site) => role(site, 'grant', 'show', (await site.granted()).grantId),
    failing: failing(3, 'grant', 'show', 'grt_none'),
  },
  'grant watch': {
    happy: async (site) => {
      const { grantId } = await site.granted();
      await site.json('grant', 'revoke', grantId);
      return role(site, 'grant', 'watch', grantId);
    },
    failing: failing(3, 'grant', 'watch', 'grt_none'),
  },
  'ledger export': {
    happy: async (site) => {
      await funded(site);
      return role(site, 'ledger', 'export', '--format', 'hledger', '--out', `${site.cli.folder}/${randomUUID()}.journal`);
    },
    failing: failing(3, 'ledger', 'export', '--format', 'csv', '--out', '/dev/null/none'),
    same: ({ format }) => format,
  },
  'ledger verify': {
    happy: (site) => role(site, 'ledger', 'verify'),
    failing: failing(2, 'ledger', 'verify', '--unknown'),
    same: ({ ok }) => ok,
  },
  pay: {
    happy: async (site) => {
      const payee = await (await site.till()).empty();
      return payers(await site.purse(), ['pay', '--account', await bound(site), '--to', payee.id, '--amount', '1.50EUR', '--identity-code-file', '-'], identityCode);
    },
    failing: async (site) => {
      const payee = await (await site.till()).empty();
      return { ...payers(await site.purse(), ['pay', '--account', await bound(site), '--to', payee.id, '--amount', '100.01EUR', '--identity-code-file', '-'], identityCode), exit: 4 };
    },
    same: ({ state, amount }: Record<string, unknown>) => ({ state, amount }),
  },
  'payment capture': {
    happy: async (site) => role(site, 'payment', 'capture', await held(site), '--amount', '2.00EUR'),
    failing: async (site) => ({ ...role(site, 'payment', 'capture', await payment(site)), exit: 5 }),
  },
  'payment list': {
    happy: async (site) => role(site, 'payment', 'list', '--account', (await (await site.till()).payment('3.00EUR')).payer.name),
    failing: failing(3, 'payment', 'list', '--payee', 'nobody'),
  },
  'payment refund': {
    happy: async (site) => role(site, 'payment', 'refund', await payment(site), '--amount', '1.00EUR', '--memo', 'cold coffee'),
    failing: async (site) => ({ ...role(site, 'payment', 'refund', await payment(site), '--amount', '3.01EUR'), exit: 5 }),
  },
  'payment release': {
    happy: async (site) => role(site, 'payment', 'release', await held(site), '--reason', 'not served'),
    failing: async (site) => ({ ...role(site, 'payment', 'release', await payment(site)), exit: 5 }),
  },
  'payment show': {
    happy: async (site) => role(site, 'payment', 'show', await payment(site)),
    failing: failing(3, 'payment', 'show', 'pay_none'),
  },
  'pos charge': {
    happy: async (site) => atRegister(await site.counter(), 'pos', 'charge', '--amount', '2.00EUR', '--tender', 'card', '--memo', 'cake', '--credential'),
    failing: failingAtRegister(4, 'pos', 'charge', '--amount', '2.00EUR', '--mandate', '--uid', newUid()),
    same: ({ sale, grant, credential }: Record<string, Record<string, unknown>>) => ({ amount: sale!['amount'], memo: sale!['memo'], grant: sold(grant!), password: credential!['password'] }),
  },
  'pos enroll': {
    happy: async (site) => {
      const { args, input } = await enrollment(site, (await site.counter()).account, `till-${randomUUID()}`);
      return { args, input, cli: (await site.counter()).cli, env: { LATCHKEY_PASSWORD: shopPassword } };
    },
    failing: async (site) => ({ ...atRegister(await site.counter(), 'pos', 'enroll', '--ca', 'ca.pem'), exit: 2 }),
    same: ({ key_is_here: here, has_network_password: has }: Record<string, unknown>) => ({ here, has }),
  },
  'pos network set': {
    happy: async (site) => ({ ...atRegister(await site.counter(), 'pos', 'network', 'set', '--ssid', 'cafe-guests', '--password-file', '-'), input: shopPassword }),
    failing: failingAtRegister(2, 'pos', 'network', 'set', '--ssid', 'cafe-guests'),
    same: ({ network: { ssid }, has_network_password: has }) => ({ ssid, has }),
  },
  'pos report': {
    happy: async (site) => {
      const counter = await site.counter();
      await counter.sold('2.00EUR');
      return atRegister(counter, 'pos', 'report');
    },
    failing: failingAtRegister(2, 'pos', 'report', '--day', 'yesterday'),
    same: ({ ok, differences }) => ({ ok, differences }),
  },
  'pos serve': {
    happy: async (site) => ({ ...atRegister(await site.counter(), 'pos', 'serve', '--listen', '127.0.0.1:0', '--no-reader'), env: { LATCHKEY_STATE_HOME: `${site.cli.folder}/${randomUUID()}` }, endless: true }),
    failing: failingAtRegister(2, 'pos', 'serve', '--listen', '0.0.0.0:0', '--no-reader'),
    same: ([listening]: Record<string, unknown>[]) => ({ event: listening!['event'], portal: listening!['captive_portal'] }),
  },
  'pos show': {
    happy: async (site) => atRegister(await site.counter(), 'pos', 'show', '--reveal'),
    failing: failingAtRegister(3, 'pos', 'show', '--profile', 'nobody'),
    same: ({ network_password: revealed, key_is_here: here }) => ({ revealed, here }),
  },
  'pos status': {
    happy: async (site) => atRegister(await site.counter(), 'pos', 'status'),
    failing: failingAtRegister(2, 'pos', 'status', '--unknown'),
    same: ({ enforced, waiting }) => ({ enforced, waiting }),
  },
  'pos tap': {
    happy: async (site) => {
      const [counter, uid] = [await site.counter(), newUid()];
      await counter.sold('2.00EUR', uid);
      return atRegister(counter, 'pos', 'tap', '--uid', uid, '--qr');
    },
    failing: failingAtRegister(4, 'pos', 'tap', '--uid', newUid()),
    same: ({ grant, credential: { password: handed } }) => ({ grant: sold(grant), handed }),
  },
  'pos tariff clear': {
    happy: async (site) => atRegister(await site.counter(), 'pos', 'tariff', 'clear', '--dry-run'),
    failing: failingAtRegister(2, 'pos', 'tariff', 'clear', '--unknown'),
    same: ({ tariff }) => tariff,
  },
  'pos tariff set': {
    happy: async (site) => atRegister(await site.counter(), 'pos', 'tariff', 'set', '--fixed', '1h', '--price', '2.00EUR', '--dry-run'),
    failing: failingAtRegister(5, 'pos', 'tariff', 'set', '--step', '1.00EUR=500MB'),
  },
  'pos tariff show': {
    happy: async (site) => atRegister(await site.counter(), 'pos', 'tariff', 'show'),
    failing: failingAtRegister(2, 'pos', 'tariff', 'show', '--unknown'),
  },
  'pos tariff test': {
    happy: async (site) => atRegister(await site.counter(), 'pos', 'tariff', 'test', '7.30EUR', '--first'),
    failing: failingAtRegister(4, 'pos', 'tariff', 'test', '0.50EUR'),
  },
  'profile add': {
    only: talksToNoRole,
    happy: () => ({ args: ['profile', 'add', `p${randomUUID().slice(0, 8)}`, '--server', 'https://latchkey.example'] }),
    failing: async (site) => ({ args: ['profile', 'add', await profiled(site), '--server', 'https://latchkey.example'], exit: 5 }),
  },
  'profile list': {
    only: talksToNoRole,
    happy: () => ({ args: ['profile', 'list'] }),
    failing: failingHere(2, 'profile', 'list', 'what'),
  },
  'profile remove': {
    only: talksToNoRole,
    happy: async (site) => ({ args: ['profile', 'remove', await profiled(site), '--yes'] }),
    failing: failingHere(3, 'profile', 'remove', 'nobody', '--yes'),
  },
  'profile show': {
    only: talksToNoRole,
    happy: async (site) => ({ args: ['profile', 'show', await profiled(site)] }),
    failing: failingHere(3, 'profile', 'show', 'nobody'),
  },
  'profile use': {
    only: talksToNoRole,
    happy: () => ({ args: ['profile', 'use', 'local'] }),
    failing: failingHere(3, 'profile', 'use', 'nobody'),
  },
  'secret list': {
    only: talksToNoRole,
    happy: () => ({ args: ['secret', 'list'] }),
    failing: () => ({ args: ['secret', 'list'], env: { LATCHKEY_SECRET_STORE: 'keychain', DBUS_SESSION_BUS_ADDRESS: 'unix:path=/nonexistent' }, exit: 7 }),
  },
  'secret remove': {
    only: talksToNoRole,
    happy: async ({ cli }) => {
      const name = `test/${randomUUID()}`;
      await cli.json(['secret', 'set', name, '--value-file', '-'], { input: 'a value' });
      return { args: ['secret', 'remove', name, '--yes'] };
    },
    failing: failingHere(3, 'secret', 'remove', 'test/none', '--yes'),
  },
  'secret set': {
    only: talksToNoRole,
    happy: () => ({ args: ['secret', 'set', `test/${randomUUID()}`, '--value-file', '-'], input: 'a value' }),
    failing: failingHere(2, 'secret', 'set', 'test/none'),
  },
  'server backup': {
    only: noRole('it needs the database itself'),
    happy: () => ({ args: ['server', 'backup', `${randomUUID()}.db`] }),
    failing: (site) => ({ args: ['server', 'backup', site.cli.file(`${randomUUID()}.db`, '')], exit: 5 }),
  },
  'server enroll-code create': {
    happy: (site) => role(site, 'server', 'enroll-code', 'create', '--role', 'technician', '--match', 'model=lamp'),
    failing: failing(2, 'server', 'enroll-code', 'create', '--role', 'technician', '--match', 'colour=red'),
  },
  'server init': {
    only: noRole('it needs the database itself'),
    happy: (site) => ({ args: ['server', 'init'], env: emptyHome(site) }),
    failing: failingHere(5, 'server', 'init'),
  },
  'server keys list': {
    happy: async (site) => {
      await site.json('server', 'keys', 'rotate', '--now');
      return role(site, 'server', 'keys', 'list');
    },
    failing: failing(2, 'server', 'keys', 'list', '--unknown'),
    same: ({ keys }: { keys: object[] }) => Object.keys(keys[0]!).sort(),
  },
  'server keys revoke': {
    happy: async (site) => role(site, 'server', 'keys', 'revoke', (await site.json<{ key_id: string }>('server', 'keys', 'rotate', '--now')).key_id, '--yes'),
    failing: failing(3, 'server', 'keys', 'revoke', 'AAAAAAAAAAA'),
    same: ({ state }: { state: string }) => state,
  },
  'server keys rotate': {
    happy: (site) => role(site, 'server', 'keys', 'rotate', '--overlap', '7d'),
    failing: failing(2, 'server', 'keys', 'rotate', '--now', '--overlap', '7d'),
    same: ({ state }: { state: string }) => state,
  },
  'server rekey': {
    only: noRole('it needs the database itself'),
    happy: (site) => ({ args: ['server', 'rekey'], cli: site.cli }),
    failing: failingHere(2, 'server', 'rekey', '--retire'),
  },
  'server start': {
    only: noRole('it is the server'),
    happy: () => ({ args: ['server', 'start', '--listen', '127.0.0.1:0'], endless: true }),
    failing: failingHere(2, 'server', 'start', '--listen', '0.0.0.0:0'),
  },
  'server token list': {
    happy: (site) => role(site, 'server', 'token', 'list'),
    failing: failing(2, 'server', 'token', 'list', '--limit', '1001'),
    same: ({ items }) => items.filter(({ role: of }: { role: string }) => of === 'admin').map(({ name, scope }: Record<string, unknown>) => ({ name, scope })),
  },
  'server token revoke': {
    only: { way: 'server', because: 'only a server has others who enrol' },
    happy: async (site) => {
      const { code } = await site.json<{ code: string }>('server', 'enroll-code', 'create', '--role', 'technician');
      const name = `t${randomUUID().slice(0, 8)}`;
      await site.cli.json(['profile', 'add', name, '--server', site.server!.url, '--ca', site.cli.file('token-ca.pem', site.server!.ca), '--enroll-code-file', '-', '--token-name', name], { input: code });
      const { items } = await site.json<{ items: { token_id: string; name: string }[] }>('server', 'token', 'list', '--limit', '1000');
      return role(site, 'server', 'token', 'revoke', items.find((token) => token.name === name)!.token_id, '--yes');
    },
    failing: failing(3, 'server', 'token', 'revoke', 'tok_none', '--yes'),
  },
  'share request': {
    happy: async (site) => {
      const { sharer, offer, ...invocation } = await asking(site);
      void sharer.deliver(offer);
      return invocation;
    },
    failing: failingAtPurse(3, 'share', 'request', '--resume', 'srq_none'),
    same: ({ request, credential }) => ({ ...kindAndState(request), credential }),
  },
  'share use': {
    happy: async (site) => {
      const { id, sharer } = await sharedAccess(site);
      await sharer.sharing.end(id);
      await sharer.read(await sharer.sharing.show(id), {}, true);
      return payers(await site.purse(), ['share', 'use', id, '--interface', 'lo']);
    },
    failing: failingAtPurse(3, 'share', 'use', 'srq_none'),
    same: (lines) => lines.map(({ event }: { event: string }) => event),
  },
  'share usage': { happy: withAccess('usage'), failing: failingAtPurse(3, 'share', 'usage', 'srq_none'), same: ({ request, left }) => ({ ...kindAndState(request), left }) },
  'share topup': {
    happy: async (site) => {
      const { id, sharer, offer } = await sharedAccess(site);
      void sharer.request(offer, 'held', 'increase').then((increase) => sharer.sharing.approve(increase.id));
      return payers(await site.purse(), ['share', 'topup', id, '--buy', '100MB', ...sharedFee], identityCode);
    },
    failing: failingAtPurse(3, 'share', 'topup', 'srq_none', '--buy', '100MB', '--yes'),
    same: kindAndState,
  },
  'share end': { happy: withAccess('end', '--yes'), failing: failingAtPurse(3, 'share', 'end', 'srq_none'), same: kindAndState },
  'share cancel': {
    happy: async (site) => {
      const { args } = await asking(site, '--no-wait');
      const { request } = await (await site.purse()).json(args, identityCode);
      return payers(await site.purse(), ['share', 'cancel', request.request_id]);
    },
    failing: failingAtPurse(3, 'share', 'cancel', 'srq_none'),
    same: kindAndState,
  },
  'share history': {
    happy: async (site) => {
      await sharedAccess(site);
      return payers(await site.purse(), ['share', 'history', '--guest', '--limit', '1']);
    },
    failing: failingAtPurse(2, 'share', 'history', '--guest', '--sharer'),
    same: ({ items }) => items.map(kindAndState),
  },
  'share earnings': {
    happy: async (site) => payers(await site.purse(), ['share', 'earnings', '--network', (await network(site)).id]),
    failing: failingAtPurse(2, 'share', 'earnings', '--from', 'yesterday'),
  },
  'share report': {
    happy: async (site) => payers(await site.purse(), ['share', 'report', '--html', `${randomUUID()}.html`, '--network', (await network(site)).id]),
    failing: failingAtPurse(3, 'share', 'report', '--html', 'never.html', '--network', 'net_nobodys'),
    same: ({ sales }) => sales,
  },
  'share approve': {
    happy: async (site) => payers(await site.purse(), ['share', 'approve', await awaited(site)]),
    failing: failingAtPurse(3, 'share', 'approve', 'shr_nobodys'),
    same: ({ state, quantity, fee }) => ({ state, quantity, fee }),
  },
  'share deny': {
    happy: async (site) => payers(await site.purse(), ['share', 'deny', await awaited(site), '--reason', 'full today']),
    failing: failingAtPurse(3, 'share', 'deny', 'shr_nobodys'),
    same: ({ state, quantity, fee, reason }) => ({ state, quantity, fee, reason }),
  },
  'share requests': {
    happy: async (site) => {
      await awaited(site);
      return payers(await site.purse(), ['share', 'requests', '--limit', '1']);
    },
    failing: failingAtPurse(2, 'share', 'requests', '--limit', '0'),
    same: ({ items: [{ state, quantity, fee }] }) => ({ state, quantity, fee }),
  },
  'share serve': {
    happy: async (site) => {
      const { purse, id } = await proven(site);
      const file = purse.cli.file('shared-wifi', password);
      return { ...payers(purse, ['share', 'serve', id, '--radio', 'none', '--password-file', file, '--listen', '127.0.0.1', '--thumbprint-port', '0']), endless: true };
    },
    failing: failingAtPurse(2, 'share', 'serve', 'net_1', '--warn', '0%'),
    same: ([{ event, enforced }]) => ({ event, enforced }),
  },
  'share find': {
    happy: async (site) => {
      const { of: { bssids: [bssid = ''], ssid, security } } = await offered(site);
      const scan = [heardNetworkToWire({ bssid, ssid, security, signalDbm: -61, frequencyMhz: 2412, ageMs: 0 })];
      return payers(await site.purse(), ['share', 'find', '--scan', '-'], JSON.stringify(scan));
    },
    failing: async (site) => ({ ...payers(await site.purse(), ['share', 'find', '--scan', '-'], 'no scan'), exit: 2 }),
    same: ({ heard, items }) => [heard, items.map(({ offer, record }: Record<string, any>) => [offer.tariff, record])],
  },
  'share offer': {
    happy: async (site) => payers(await site.purse(), ['share', 'offer', (await network(site)).id, '--step', '1.00EUR=500MB', '--yes']),
    failing: async (site) => ({ ...payers(await site.purse(), ['share', 'offer', 'net_nobodys', '--fixed', '2h', '--price', '3.00EUR', '--yes']), exit: 3 }),
    same: whoever,
  },
  'share offers list': {
    happy: async (site) => {
      await offered(site);
      return payers(await site.purse(), ['share', 'offers', 'list', '--limit', '1']);
    },
    failing: async (site) => ({ ...payers(await site.purse(), ['share', 'offers', 'list', '--state', 'sold']), exit: 2 }),
    same: ({ items }) => items.map(whoever),
  },
  'share offers pause': { happy: withOffer('pause'), failing: withNoOffer('pause'), same: whoever },
  'share offers resume': { happy: withOffer('resume'), failing: withNoOffer('resume'), same: whoever },
  'share offers update': { happy: withOffer('update', '--guests', '3'), failing: withNoOffer('update', '--guests', '3'), same: whoever },
  'share offers withdraw': { happy: withOffer('withdraw', '--yes'), failing: withNoOffer('withdraw', '--yes'), same: whoever },
  'wallet tap': {
    happy: async (at) => {
      const { site, url } = await openCharge(at, '1.50EUR');
      return payers(await site.purse(), ['wallet', 'tap', '--pos', url, '--account', await bound(site), '--yes', '--identity-code-file', '-'], identityCode);
    },
    failing: async (site) => ({ ...payers(await site.purse(), ['wallet', 'tap', '--account', await bound(site)]), exit: 2 }),
    same: ({ payment, credential }: Record<string, Record<string, unknown>>) => ({ state: payment!['state'], amount: payment!['amount'], password: credential!['password'] }),
  },
  'wallet enroll': {
    only: { way: 'server', because: 'a terminal enrols at a server' },
    happy: async (site) => {
      const { code } = await site.json<{ code: string }>('server', 'enroll-code', 'create', '--role', 'terminal');
      return {
        args: ['wallet', 'enroll', '--server', site.server!.url, '--ca', site.cli.file('enroll-ca.pem', site.server!.ca), '--enroll-code-file', '-', '--profile', `wallet-${randomUUID()}`],
        input: code,
      };
    },
    failing: (site) => ({
      args: ['wallet', 'enroll', '--server', site.server!.url, '--ca', site.cli.file('enroll-ca.pem', site.server!.ca), '--enroll-code-file', '-', '--profile', 'never'],
      input: 'lke_never',
      exit: 4,
    }),
  },
  'share message clear': {
    happy: async (site) => {
      const { purse, id } = await proven(site);
      return payers(purse, ['share', 'message', 'clear', id]);
    },
    failing: failingAtPurse(3, 'share', 'message', 'clear', 'net_1'),
    same: ({ state, message }) => ({ state, message }),
  },
  'share message set': {
    happy: async (site) => {
      const { purse, id } = await proven(site);
      return payers(purse, ['share', 'message', 'set', id, '--text', 'Hello', '--link', 'https://cafe.example', '--to', '2100-01-01T00:00:00Z']);
    },
    failing: failingAtPurse(2, 'share', 'message', 'set', 'net_1'),
    same: ({ state, message: { texts } }) => ({ state, texts }),
  },
  'share message show': {
    happy: async (site) => {
      const { purse, id } = await proven(site);
      return payers(purse, ['share', 'message', 'show', id]);
    },
    failing: failingAtPurse(3, 'share', 'message', 'show', 'net_1'),
    same: ({ state, message: { texts } }) => ({ state, texts }),
  },
  'share nearby': {
    happy: async (site) => {
      const { purse, network } = await proven(site);
      return payers(purse, ['share', 'nearby', '--scan', network.scan, '--joined', network.bssid]);
    },
    failing: async (site) => ({ ...payers(await site.purse(), ['share', 'nearby', '--scan', '-'], '# nothing'), exit: 2 }),
    same: ({ items: [item] }) => ({ joined: item.joined, text: item.message.text }),
  },
  'share verify confirm': {
    happy: async (site) => {
      const { purse, network, challenge } = await claimed(site);
      return payers(purse, ['share', 'verify', 'confirm', challenge, '--scan', network.scan]);
    },
    failing: async (site) => {
      const { purse, network, challenge } = await claimed(site);
      network.isCalled(network.name);
      return { ...payers(purse, ['share', 'verify', 'confirm', challenge, '--scan', network.scan]), exit: 12 };
    },
    same: ({ state, security, errors }) => ({ state, security, errors }),
  },
  'share verify start': {
    happy: async (site) => {
      const purse = await site.purse();
      const network = new SharedNetwork(purse.cli);
      return payers(purse, ['share', 'verify', 'start', ...network.claim, '--account', await bound(site), '--hook', network.hook, '--scan', network.scan, '--yes']);
    },
    failing: failingAtPurse(2, 'share', 'verify', 'start', '--bssid', '02:00:00:00:01:00'),
    same: ({ ssid, challenge: { state, witnesses } }) => ({ ssid, state, witnesses }),
  },
  'share verify status': {
    happy: async (site) => {
      const { purse, challenge } = await claimed(site);
      return payers(purse, ['share', 'verify', 'status', challenge]);
    },
    failing: failingAtPurse(3, 'share', 'verify', 'status', 'chl_1'),
    same: ({ challenges: [{ state, errors }] }) => ({ state, errors }),
  },
  'share witness enroll': {
    only: { way: 'server', because: 'a witness enrols at a server' },
    happy: (site) => witnessEnrollment(site),
    failing: async (site) => ({ ...(await witnessEnrollment(site)), input: 'lke_never', exit: 4 }),
  },
  'share witness once': {
    happy: async (site) => ({ ...(await atWitness(site, 'share', 'witness', 'once', '--scan', '-')), input: iwScan([{ bssid: newBssid() }]) }),
    failing: async (site) => ({ ...(await atWitness(site, 'share', 'witness', 'once', '--scan', '-')), input: '', exit: 2 }),
    same: ({ heard, kept }) => ({ heard, kept }),
  },
  'share witness serve': {
    happy: async (site) => ({ ...(await atWitness(site, 'share', 'witness', 'serve', '--scan', site.cli.file('witness.scan', iwScan([{ bssid: newBssid() }])))), endless: true }),
    failing: async (site) => ({ ...(await atWitness(site, 'share', 'witness', 'serve', '--scan', '-')), exit: 2 }),
    same: ([{ event, heard, kept }]) => ({ event, heard, kept }),
  },
  whoami: {
    happy: (site) => role(site, 'whoami'),
    failing: (site) => ({ args: ['whoami', '--server', 'https://127.0.0.1:1'], env: emptyHome(site), exit: 6 }),
    // Who one is, is just what differs.
    same: () => undefined,
  },
};
