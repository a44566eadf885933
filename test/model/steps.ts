import fc from 'fast-check';
import { counterSteps } from './counter-steps.ts';
import { registerCount } from './counter.ts';
import { programFaultKinds, sides, type ProgramFault } from './crash-points.ts';
import { accountCount } from './office.ts';
import { account, always, anyMemo, back, minor, orNone, perhapsServerCrash, rarely, serverCrash, step, terminal, underWay, type Step } from './step.ts';
import { attackers, attacks, honestCount, terminalCount } from './world.ts';

const place = fc.nat(accountCount - 1);
/** An honest terminal, or a register. */
const party = fc.nat(honestCount + registerCount - 1).map((of) => (of < honestCount ? of : terminalCount + of - honestCount));
const programFault: fc.Arbitrary<ProgramFault> = fc.record({ kind: fc.constantFrom(...programFaultKinds), nth: fc.oneof(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 7 })), side: fc.constantFrom(...sides) });
const second = 1_000;

const purchase = {
  terminal,
  account,
  payee: fc.oneof({ weight: 4, arbitrary: fc.constantFrom(3, 4) }, { weight: 2, arbitrary: fc.nat(2) }, fc.integer({ min: 5, max: accountCount + 1 })),
  minor,
  memo: anyMemo,
  holdMs: orNone(2, fc.constantFrom(30 * second, 600 * second, 3_600 * second)),
  key: orNone(12, fc.constantFrom('order-1', 'order-2', 'order-3')),
  isMistyped: fc.integer({ min: 0, max: 4 }).map((of) => of === 4),
};

/** All that terminals, registers, the network, the server, an admin and strangers do, about as often as it gets things going. */
export const anyStep: fc.Arbitrary<Step> = fc.oneof(
  ...counterSteps,
  { weight: 10, arbitrary: step('begin a payment', purchase, always, (world, given) => world.pay(given)) },
  { weight: 8, arbitrary: step('pay', purchase, always, async (world, given) => {
    await world.pay(given);
    await world.finish(given.terminal);
  }) },
  { weight: 1, arbitrary: step('mistype again and again', { purchase: fc.record(purchase), times: fc.integer({ min: 3, max: 7 }) }, always, async (world, given) => {
    await world.mistype(given.purchase, given.times);
  }) },
  { weight: 3, arbitrary: step('settle', { terminal, account }, always, (world, given) => world.settle(given)) },
  { weight: 3, arbitrary: step('cancel', { terminal, account }, always, (world, given) => world.cancel(given)) },
  { weight: 2, arbitrary: step('begin to bind anew', { terminal, account, algorithm: fc.constantFrom(undefined, undefined, 'md5', 'hmac-sha256'), isMistyped: rarely }, always, (world, given) => world.bind(given)) },
  { weight: 1, arbitrary: step('bind anew', { terminal, account, algorithm: fc.constant(undefined), isMistyped: rarely }, always, async (world, given) => {
    await world.bind(given);
    await world.finish(given.terminal);
  }) },
  { weight: 22, arbitrary: step('deliver', { back }, underWay, (world, given) => world.deliver(world.network.look(given.back), undefined)) },
  { weight: 12, arbitrary: step('deliver to a server that crashes', { back, crashAt: serverCrash }, underWay, (world, given) => world.deliver(world.network.look(given.back), given.crashAt)) },
  { weight: 4, arbitrary: step('deliver together', { backs: fc.array(fc.nat(12), { minLength: 2, maxLength: 3 }), crashAt: orNone(2, serverCrash) }, underWay, (world, given) =>
    world.deliverTogether([...new Set(given.backs.map((one) => world.network.look(one)))], given.crashAt)) },
  { weight: 4, arbitrary: step('lose', { back }, underWay, async (world, given) => world.network.take(world.network.look(given.back))) },
  { weight: 5, arbitrary: step('double', { back }, underWay, async (world, given) => world.network.send(world.network.look(given.back))) },
  { weight: 4, arbitrary: step('give up waiting', { party, code: fc.constantFrom('timed_out' as const, 'remote_unreachable' as const, 'storage_locked' as const) }, always, (world, given) => world.giveUp(given.party, given.code)) },
  { weight: 2, arbitrary: step('end a program', { party }, always, async (world, given) => world.kill(given.party)) },
  { weight: 8, arbitrary: step('let the next program go wrong', { party, fault: programFault }, always, async (world, given) => world.faultNext(given.party, given.fault)) },
  { weight: 3, arbitrary: step('finish a program', { party }, always, (world, given) => world.finish(given.party)) },
  { weight: 3, arbitrary: step('time passes', { ms: fc.constantFrom(second, 31 * second, 61 * second, 125 * second, 601 * second, 3_601 * second, 86_401 * second) }, always, async (world, given) => world.pass(given.ms)) },
  { weight: 5, arbitrary: step('attack', { terminal: fc.constantFrom(...attackers), attack: fc.constantFrom(...attacks), back, crashAt: perhapsServerCrash }, always, (world, given) => world.attack(given.terminal, given.attack, given.back, given.crashAt)) },
  { weight: 3, arbitrary: step('race', {
    rivals: fc.array(fc.record({ key: fc.constantFrom('one', 'two', 'three'), minor: fc.integer({ min: 1, max: 50 }), isCancellation: rarely, isMistyped: fc.boolean() }), { minLength: 2, maxLength: 3 }),
    mistakes: fc.constantFrom(0, 0, 4),
    crashAt: orNone(3, serverCrash),
  }, always, (world, given) => world.race(given.rivals, given.mistakes, given.crashAt)) },
  { weight: 2, arbitrary: step('top up', { place, minor, crashAt: perhapsServerCrash }, always, (world, given) => world.office.topUp(given.place, given.minor, given.crashAt)) },
  { weight: 4, arbitrary: step('conclude', { how: fc.constantFrom('capture' as const, 'capture' as const, 'release' as const, 'refund' as const), back, minor: orNone(1, minor), crashAt: perhapsServerCrash }, always, (world, given) => world.office.conclude(given.how, given.back, given.minor, given.crashAt)) },
  { weight: 1, arbitrary: step('unlock', { place: fc.nat(2), crashAt: perhapsServerCrash }, always, (world, given) => world.office.unlock(given.place, given.crashAt)) },
  { weight: 1, arbitrary: step('close an account', { place: fc.constantFrom(2, 2, 2, 4, 4, 4, 6), crashAt: perhapsServerCrash }, always, (world, given) => world.office.closeAccount(given.place, given.crashAt)) },
  { weight: 1, arbitrary: step('keep house', { crashAt: perhapsServerCrash }, always, (world, given) => world.office.keepHouse(given.crashAt)) },
  { weight: 1, arbitrary: step('verify', {}, always, (world) => world.office.verify()) },
);
