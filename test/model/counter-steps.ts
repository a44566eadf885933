import fc from 'fast-check';
import { cards, changes, registerCount, rubbish } from './counter.ts';
import { deliver } from './scenario.ts';
import { account, always, anyMemo, back, minor, orNone, perhapsServerCrash, rarely, serverCrash, step, terminal, type Step } from './step.ts';
import type { World } from './world.ts';

const register = fc.nat(registerCount - 1);
const card = fc.nat(cards.length - 1);
const sold = fc.oneof({ weight: 4, arbitrary: fc.integer({ min: 15, max: 150 }) }, minor);
const limit = fc.constantFrom(60, 120, 200);
const isFinished = fc.boolean();
const mandate = { terminal, account, card, perTap: limit, perDay: limit, isFinished };
const rungUp = { register, minor: sold, memo: anyMemo };

async function asked(world: World, { register: of, isFinished: isToBe }: { readonly register: number; readonly isFinished: boolean }, asking: Promise<void>): Promise<void> {
  await asking;
  if (isToBe) await world.finishRegister(of);
}

/** What registers do, and who comes to them. */
export const counterSteps: readonly { readonly weight: number; readonly arbitrary: fc.Arbitrary<Step> }[] = [
  { weight: 2, arbitrary: step('ring up', rungUp, always, async (world, given) => world.counter.ringUp(given.register, given.minor, given.memo)) },
  { weight: 3, arbitrary: step('tap', { register, terminal, account, isMistyped: rarely }, always, (world, given) => world.tap(given.register, given, given.isMistyped)) },
  { weight: 5, arbitrary: step('ring up and tap', { ...rungUp, terminal, account, isMistyped: rarely }, always, async (world, given) => {
    world.counter.ringUp(given.register, given.minor, given.memo);
    await world.tap(given.register, given, given.isMistyped);
  }) },
  { weight: 4, arbitrary: step('pay at a register', { register, terminal, account, minor: sold }, always, (world, given) => world.payAtCounter(given.register, given, given.minor)) },
  { weight: 1, arbitrary: step('another pays in the place of one who is locked', { register, terminal, account, minor: sold, unlocksAfter: fc.constantFrom(1, 3_601_000) }, always, async (world, given) => {
    const { register: of, terminal: locked } = given;
    await world.mistype({ ...given, payee: 4, memo: undefined, holdMs: undefined, key: undefined, isMistyped: true }, 5);
    await world.authoriseAtCounter(of, given, given.minor);
    // As far as the register's answer, which the wallet does not hear of.
    for (let messages = 0; messages < 3 && world.network.size > 0; messages += 1) await deliver(world, undefined);
    await world.counter.takeCash(of, undefined);
    await world.finishRegister(of);
    world.pass(given.unlocksAfter);
    await world.settle(given);
    await world.finish(locked);
  }) },
  { weight: 2, arbitrary: step('tap a card', { register, card }, always, (world, given) => world.counter.tapCard(given.register, given.card)) },
  { weight: 6, arbitrary: step('ring up and tap a card', { ...rungUp, card, isFinished }, always, async (world, given) => {
    world.counter.ringUp(given.register, given.minor, given.memo);
    await world.counter.tapCard(given.register, given.card);
    if (given.isFinished) await world.finishRegister(given.register);
  }) },
  { weight: 3, arbitrary: step('take cash', { ...rungUp, card: orNone(1, card), isFinished }, always, async (world, given) => {
    world.counter.ringUp(given.register, given.minor, given.memo);
    await world.counter.takeCash(given.register, given.card);
    if (given.isFinished) await world.finishRegister(given.register);
  }) },
  { weight: 2, arbitrary: step('settle a register', { register }, always, (world, given) => world.counter.registers[given.register]!.settle()) },
  { weight: 2, arbitrary: step('greet', { register, terminal, account }, always, (world, given) => world.counter.greet(given.register, world.holder(given))) },
  { weight: 3, arbitrary: step('set a mandate', mandate, always, async (world, given) => {
    world.counter.setMandate(world.holder(given), given);
    if (given.isFinished) await world.deliver(world.network.look(0), undefined);
  }) },
  { weight: 1, arbitrary: step('set two mandates at once', { mandates: fc.tuple(fc.record(mandate), fc.record(mandate)), card, crashAt: orNone(3, serverCrash) }, always, async (world, given) => {
    given.mandates.forEach((one) => world.counter.setMandate(world.holder(one), { ...one, card: given.card }));
    await world.deliverTogether([world.network.look(0), world.network.look(1)], given.crashAt);
  }) },
  { weight: 1, arbitrary: step('end a mandate', { terminal, card }, always, async (world, given) => world.counter.endMandate(world.terminals[given.terminal]!, given.card)) },
  { weight: 2, arbitrary: step('ask for access by a word', { register, terminal, account, isFinished }, always, (world, given) => asked(world, given, world.counter.askByWord(given.register, world.holder(given)))) },
  { weight: 2, arbitrary: step('ask for access by a card', { register, card, isFinished }, always, (world, given) => asked(world, given, world.counter.askByCard(given.register, given.card))) },
  { weight: 2, arbitrary: step('ask for access by a receipt', { register, back, by: fc.constantFrom('its phone' as const, 'its phone' as const, 'another phone' as const, 'token' as const), isFinished }, always, (world, given) => asked(world, given, world.counter.askByReceipt(given.register, given.back, given.by))) },
  { weight: 4, arbitrary: step('change a permission', { register, how: fc.constantFrom(...changes, 'refund' as const), back, card, crashAt: perhapsServerCrash }, always, (world, given) =>
    world.counter.change(given.register, given.how, given.back, given.card, given.crashAt)) },
  { weight: 3, arbitrary: step('send rubbish', { terminal, account, what: fc.constantFrom(...rubbish), back, crashAt: perhapsServerCrash }, always, (world, given) =>
    world.counter.sendRubbish(given.what, world.holder(given), given.back, given.crashAt)) },
  { weight: 1, arbitrary: step('lie', { terminal, account, word: fc.constantFrom({ kind: 'refused' as const }, { kind: 'accepted' as const, renewal: { rotation: new Uint8Array(32) } }) }, always, (world, given) =>
    world.counter.lie(world.holder(given), given.word)) },
];
