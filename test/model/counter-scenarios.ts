import type { Change } from './counter.ts';
import { deliver, type Scenario } from './scenario.ts';
import type { World } from './world.ts';

const wallet = { terminal: 0, account: 0 };
const mandate = { card: 0, perTap: 100_000, perDay: 100_000 };
const hour = 3_600_000;
const day = 24 * hour;

async function tap(world: World, minor = 20, register = 0): Promise<void> {
  world.counter.ringUp(register, minor, 'coffee');
  await world.tap(register, wallet, false);
  await deliver(world, undefined);
}

async function setMandate(world: World, given: Partial<typeof mandate> = {}): Promise<void> {
  world.counter.setMandate(world.holder(wallet), { ...mandate, ...given });
  await deliver(world, undefined);
}

async function tapCard(world: World, minor = 20): Promise<void> {
  world.counter.ringUp(0, minor, undefined);
  await world.counter.tapCard(0, 0);
}

async function takeCash(world: World, card: number | undefined): Promise<void> {
  world.counter.ringUp(0, 60, undefined);
  await world.counter.takeCash(0, card);
}

/** What stood before is over, or somebody else's, after this. */
async function sell(world: World, card: number | undefined): Promise<void> {
  world.pass(day);
  await world.office.keepHouse(undefined);
  await takeCash(world, card);
  await world.finishRegister(0);
}

const charge = (name: string, prepare: (world: World) => Promise<void>): Scenario => ({ name, prepare, act: deliver });
const change = (how: Change, prepare: (world: World) => Promise<void> = (world) => sell(world, 0)): Scenario =>
  ({ name: `${how} a permission`, prepare, act: (world, crashAt) => world.counter.change(0, how, 0, 1, crashAt) });

/** What a server does for cash registers. */
export const counterScenarios: readonly Scenario[] = [
  charge('a charge by wallet', tap),
  charge('a charge by wallet that adds time', async (world) => {
    await world.payAtCounter(0, wallet, 20);
    await tap(world);
  }),
  charge('a charge by wallet after the time is over', async (world) => {
    await world.payAtCounter(0, wallet, 20);
    world.pass(day);
    await tap(world);
  }),
  charge('a charge by wallet that buys no time', (world) => tap(world, 3)),
  charge('more than there is, by wallet', (world) => tap(world, 900_000)),
  charge('a wallet settles what a register wants', async (world) => {
    world.counter.ringUp(0, 20, undefined);
    await world.tap(0, wallet, false);
    await world.settle(wallet);
  }),
  charge('a charge by mandate', async (world) => {
    await setMandate(world);
    world.pass(day);
    await tapCard(world);
  }),
  charge('a charge by mandate again', async (world) => {
    await setMandate(world);
    world.pass(day);
    await tapCard(world);
    world.network.send(world.network.look(0));
    await deliver(world, undefined);
    world.network.take(world.network.look(0));
  }),
  charge('more than a mandate allows', async (world) => {
    await setMandate(world, { perTap: 10 });
    await tapCard(world);
  }),
  charge('more than there is, by mandate', async (world) => {
    await setMandate(world, { perTap: 900_000, perDay: 900_000 });
    world.pass(day);
    await tapCard(world, 900_000);
  }),
  charge('a tap without a mandate', async (world) => {
    world.counter.endMandate(world.terminals[0]!, 0);
    if (world.network.size > 0) await deliver(world, undefined);
    await tapCard(world);
  }),
  charge('a charge in cash', (world) => takeCash(world, 0)),
  charge('a charge in cash for a receipt', (world) => takeCash(world, undefined)),
  charge('setting a mandate', async (world) => {
    await setMandate(world);
    world.counter.setMandate(world.holder(wallet), mandate);
  }),
  charge('ending a mandate', async (world) => {
    await setMandate(world);
    world.counter.endMandate(world.terminals[0]!, 0);
  }),
  charge('access', async (world) => {
    await sell(world, 0);
    await world.counter.askByCard(0, 0);
  }),
  charge('access by a word', async (world) => {
    await world.payAtCounter(0, wallet, 20);
    await world.counter.askByWord(0, world.holder(wallet));
  }),
  charge('access when the time is over', async (world) => {
    await sell(world, 0);
    world.pass(day);
    await world.counter.askByCard(0, 0);
  }),
  charge('redeeming a receipt', async (world) => {
    await sell(world, undefined);
    await world.counter.askByReceipt(0, 0, 'its phone');
  }),
  change('pause'),
  change('resume', async (world) => {
    await sell(world, 0);
    await world.counter.change(0, 'pause', 0, 1, undefined);
  }),
  change('move'),
  change('refund'),
  change('refund', async (world) => {
    world.pass(day);
    await world.payAtCounter(0, wallet, 100);
  }),
  {
    name: 'a refund of a sale in the ledger',
    prepare: (world) => world.payAtCounter(0, wallet, 20),
    act: (world, crashAt) => world.office.conclude('refund', 0, 1, crashAt),
  },
  {
    name: 'ending what is over',
    async prepare(world) {
      await sell(world, 0);
      world.pass(day);
    },
    act: (world, crashAt) => world.office.keepHouse(crashAt),
  },
  { name: 'rubbish of a register', act: (world, crashAt) => world.counter.sendRubbish('guess', world.holder(wallet), 0, crashAt) },
];
