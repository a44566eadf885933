import { counterScenarios } from './counter-scenarios.ts';
import { programFaultKinds, sides, type CrashPoint } from './crash-points.ts';
import type { Disks } from './disk.ts';
import { deliver, type Scenario } from './scenario.ts';
import type { Coverages } from './server.ts';
import { World, type Purchase } from './world.ts';

const hour = 3_600_000;
const coffee: Purchase = { terminal: 0, account: 0, payee: 3, minor: 3, memo: 'coffee', holdMs: undefined, key: undefined, isMistyped: false };
const md5 = { terminal: 2, account: 0 };
const rebinding = { terminal: 0, account: 0, algorithm: undefined, isMistyped: false };

const payment = (name: string, given: Partial<Purchase>): Scenario => ({
  name,
  async prepare(world) {
    world.pass(25 * hour);
    await world.pay({ ...coffee, ...given });
  },
  act: deliver,
});

/** Begins a payment and ends the program, so that its request is under way and the payment open. */
async function leaveOpen(world: World, purchase: Purchase): Promise<void> {
  await world.pay(purchase);
  world.kill(purchase.terminal);
}

async function rebind(world: World, binding: { terminal: number; account: number }): Promise<void> {
  world.pass(25 * hour);
  await world.bind({ ...rebinding, ...binding });
  await world.finish(binding.terminal);
}

async function hold(world: World): Promise<void> {
  await world.pay({ ...coffee, holdMs: hour });
  await world.finish(0);
}

const serverScenarios: readonly Scenario[] = [
  payment('a payment', {}),
  payment('a hold', { holdMs: hour }),
  payment('a wrong password', { isMistyped: true }),
  payment('more than there is', { minor: 900_000 }),
  payment('to nobody', { payee: 7 }),
  payment('a payment by md5', md5),
  payment('a wrong password by md5', { ...md5, isMistyped: true }),
  {
    name: 'more than there is, with overdue holds',
    async prepare(world) {
      await hold(world);
      await hold(world);
      world.pass(2 * hour);
      await world.pay({ ...coffee, minor: 900_000 });
    },
    act: deliver,
  },
  {
    name: 'under a spent code',
    async prepare(world) {
      await leaveOpen(world, coffee);
      const late = world.network.look(0);
      await rebind(world, coffee);
      world.network.take(late);
      world.network.send(late);
    },
    act: deliver,
  },
  {
    name: 'under a spent code by md5',
    async prepare(world) {
      await leaveOpen(world, { ...coffee, ...md5 });
      const late = world.network.look(0);
      await rebind(world, md5);
      world.network.take(late);
      world.network.send(late);
    },
    act: deliver,
  },
  {
    name: 'the same again',
    async prepare(world) {
      await world.pay(coffee);
      world.network.send(world.network.look(0));
      await deliver(world, undefined);
      world.network.take(world.network.look(0));
    },
    act: deliver,
  },
  {
    name: 'a cancellation',
    async prepare(world) {
      await leaveOpen(world, coffee);
      world.network.take(world.network.look(0));
      await world.cancel(coffee);
    },
    act: deliver,
  },
  {
    name: 'a cancellation that is late',
    async prepare(world) {
      await leaveOpen(world, coffee);
      await deliver(world, undefined);
      world.network.take(world.network.look(0));
      await world.cancel(coffee);
    },
    act: deliver,
  },
  {
    name: 'asking for a verification code',
    async prepare(world) {
      world.pass(25 * hour);
      await world.bind(rebinding);
    },
    act: deliver,
  },
  {
    name: 'binding anew',
    async prepare(world) {
      world.pass(25 * hour);
      await world.bind(rebinding);
      await deliver(world, undefined);
      await deliver(world, undefined);
    },
    act: deliver,
  },
  {
    name: 'binding for the first time',
    async prepare(world) {
      world.pass(25 * hour);
      await world.office.closeAccount(2, undefined);
      await world.bind({ ...rebinding, terminal: 3 });
      await deliver(world, undefined);
      await deliver(world, undefined);
    },
    act: deliver,
  },
  {
    name: 'the first money of a currency',
    once: true,
    act: (world, crashAt) => world.office.topUp(5, 500, crashAt),
  },
  {
    name: 'the first terminal that has md5',
    once: true,
    isBound: false,
    async prepare(world) {
      await world.bind({ ...rebinding, ...md5, algorithm: 'md5' });
      await deliver(world, undefined);
      await deliver(world, undefined);
    },
    act: deliver,
  },
  {
    name: 'two at once',
    async prepare(world) {
      await leaveOpen(world, coffee);
      await leaveOpen(world, { ...coffee, terminal: 3 });
    },
    act: (world, crashAt) => world.deliverTogether([world.network.look(0), world.network.look(1)], crashAt),
  },
  { name: 'a top-up', act: (world, crashAt) => world.office.topUp(0, 500, crashAt) },
  { name: 'a capture', prepare: hold, act: (world, crashAt) => world.office.conclude('capture', 0, 2, crashAt) },
  { name: 'a capture of too much', prepare: hold, act: (world, crashAt) => world.office.conclude('capture', 0, 900_000, crashAt) },
  { name: 'a release', prepare: hold, act: (world, crashAt) => world.office.conclude('release', 0, undefined, crashAt) },
  {
    name: 'a refund',
    async prepare(world) {
      await world.pay(coffee);
      await world.finish(0);
    },
    act: (world, crashAt) => world.office.conclude('refund', 0, 1, crashAt),
  },
  { name: 'an unlocking', act: (world, crashAt) => world.office.unlock(0, crashAt) },
  { name: 'a payout', prepare: (world) => world.office.topUp(4, 50, undefined), act: (world, crashAt) => world.office.payOut(4, crashAt) },
  { name: 'closing', act: (world, crashAt) => world.office.closeAccount(4, crashAt) },
  {
    name: 'giving back what is held no longer',
    async prepare(world) {
      await hold(world);
      world.pass(2 * hour);
    },
    act: (world, crashAt) => world.office.keepHouse(crashAt),
  },
];

/**
 * Has the server crash before and after each statement of everything that it does, one after the other; with
 * `onlyUncovered` only where it never did before.
 */
export async function sweepServer(disks: Disks, coverages: Coverages, { onlyUncovered }: { readonly onlyUncovered: boolean }): Promise<void> {
  const alone = (of: readonly Scenario[]) => of.map((one) => [one]);
  // The few that are played of what is done at the counter are played in one world.
  for (const scenarios of [...alone(serverScenarios), ...(onlyUncovered ? [counterScenarios] : alone(counterScenarios))]) {
    const { isBound = true } = scenarios[0]!;
    let world = await World.create(disks, coverages, isBound);
    /** What the server did, statement by statement. */
    const play = async ({ once, prepare, act }: Scenario, crashAt: CrashPoint | undefined) => {
      if (once === true) {
        await world.remove();
        world = await World.create(disks, coverages, isBound);
      }
      await world.office.topUp(0, 200, undefined);
      await prepare?.(world);
      // What a server looks up once is looked up anew.
      await world.server.restart();
      await act(world, crashAt);
      const { statements } = world.server;
      await world.settleAll();
      return statements;
    };
    try {
      for (const scenario of scenarios) {
        const statements = await play(scenario, undefined);
        for (const side of sides) {
          for (const [index, statement] of statements.entries()) {
            const isCovered = coverages.server.has(statement, side);
            if (!isCovered || !(onlyUncovered || scenario.once === true)) await play(scenario, { nth: index + 1, side });
          }
        }
      }
      await world.end();
    } finally {
      await world.remove();
    }
  }
}

interface Program {
  readonly of: 'terminal' | 'register';
  prepare?(world: World): Promise<void>;
  run(world: World): Promise<void>;
}

const programs: readonly Program[] = [
  { of: 'terminal', run: (world) => world.pay(coffee) },
  { of: 'terminal', prepare: (world) => leaveOpen(world, coffee), run: (world) => world.cancel(coffee) },
  { of: 'terminal', prepare: (world) => leaveOpen(world, coffee), run: (world) => world.counter.lie(world.holder(coffee), { kind: 'refused' }) },
  { of: 'terminal', run: (world) => world.bind(rebinding) },
  {
    of: 'register',
    prepare: async (world) => void (await world.authoriseAtCounter(0, coffee, 20)),
    run: (world) => deliver(world, undefined),
  },
];

/** Has each program end before and after each of its steps, and each of its flushes fail before and after it is done. */
export async function sweepPrograms(disks: Disks, coverages: Coverages): Promise<void> {
  for (const { of, prepare, run } of programs) {
    const world = await World.create(disks, coverages);
    const party = of === 'terminal' ? world.terminals[0]! : world.counter.registers[0]!;
    try {
      for (const [kind, side] of programFaultKinds.flatMap((each) => sides.map((of) => [each, of] as const))) {
        for (let nth = 1, isTouched = true; isTouched; nth += 1) {
          world.pass(25 * hour);
          await world.office.topUp(0, 200, undefined);
          if (of === 'register') {
            // What the last fault left untold is told, so that the flushes are the same each time.
            await prepare?.(world);
            await run(world);
            await world.finishProgram(party);
            await world.settleAll();
          }
          await prepare?.(world);
          const before = coverages[of].total;
          party.fault = { kind, nth, side };
          await run(world);
          await world.finishProgram(party);
          isTouched = coverages[of].total > before;
          await world.settleAll();
        }
      }
      await world.end();
    } finally {
      await world.remove();
    }
  }
}
