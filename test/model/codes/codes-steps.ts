import fc from 'fast-check';
import { sides } from '../crash-points.ts';
import { back, orNone, rarely, Step } from '../step.ts';
import { liar, payerKinds, tillKinds, type CodesWorld, type Rendering } from './codes-world.ts';

type CodesStep = Step<CodesWorld, CodesWorld>;

function step<Given>(name: string, given: { [Key in keyof Given]: fc.Arbitrary<Given[Key]> }, take: (world: CodesWorld, given: Given) => Promise<void> | void): fc.Arbitrary<CodesStep> {
  return fc.record(given).map((values) => new Step<CodesWorld, CodesWorld>(name, values, () => true, async (world) => take(world, values as Given)));
}

const [second, minute, hour, day] = [1_000, 60_000, 3_600_000, 86_400_000];
const cheat = payerKinds.indexOf('cheat');
const payer = fc.nat(payerKinds.length - 1);
const till = fc.nat(tillKinds.length - 1);
const shop = fc.nat(2);
const minor = fc.oneof({ weight: 5, arbitrary: fc.integer({ min: 1, max: 300 }) }, fc.integer({ min: 1, max: 900 }));
const side = fc.constantFrom(...sides);
const perhapsEnds = orNone(9, side);
const callFault = fc.oneof(
  fc.constantFrom({ kind: 'request lost' as const }, { kind: 'reply lost' as const }),
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('crash' as const), at: fc.record({ nth: fc.oneof(fc.integer({ min: 1, max: 8 }), fc.integer({ min: 1, max: 25 })), side }) }) },
);

const wanted = fc.record({
  maxEach: fc.constantFrom(100, 300, 500),
  maxTotal: fc.constantFrom(500, 600, 1_000, 1_500),
  uses: fc.constantFrom(1, 2, 2, 3, 5, 8),
  validMs: fc.constantFrom(minute, 2 * hour, day, day, day, 23 * day),
  payees: orNone(4, fc.array(shop, { minLength: 1, maxLength: 2 })),
});

/** Perhaps more than anybody has. */
const wantedOfMany = fc.oneof({ weight: 9, arbitrary: wanted }, wanted.map((limits) => ({ ...limits, maxTotal: 1_000_000 })));

/** Clocks are right, a little off, just too far, or far. */
const offMs = fc.constantFrom(0, 0, 0, 0, 0, 0, 0, 5, -5, 29, -29, 30, -30, 31, -31, 60, 61, -60, -61, 600, -600).map((seconds) => seconds * second);
const aWhile = fc.oneof({ weight: 9, arbitrary: fc.constantFrom(1, 500, second, 10 * second, 29 * second, 31 * second, 61 * second) }, fc.constantFrom(10 * minute, hour, 25 * hour));
const bound = { payer, back: fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, fc.nat(4)), minor, isBound: fc.boolean(), isPayeeBound: rarely, shop };
const severalTills = fc.array(till, { minLength: 1, maxLength: 3 });
const newest = fc.oneof({ weight: 6, arbitrary: fc.constant(0) }, fc.nat(6), fc.nat(40));

type Bound = { payer: number; back: number; minor: number; isBound: boolean; isPayeeBound: boolean; shop: number };

function show(world: CodesWorld, { payer: of, back: code, minor: amount, isBound, isPayeeBound, shop: payee }: Bound, fault?: (typeof sides)[number]): Promise<Rendering | undefined> {
  return world.show(of, code, isBound ? amount : undefined, isPayeeBound ? payee : undefined, fault);
}

/** All that payers, registers, thieves, the network, servers and an operator do, about as often as it gets things going. */
export const anyCodesStep: fc.Arbitrary<CodesStep> = fc.oneof(
  { weight: 5, arbitrary: step('issue', { payer, wanted: wantedOfMany }, (world, given) => world.issue(given.payer, given.wanted)) },
  { weight: 26, arbitrary: step('pay by code', { ...bound, till, fault: perhapsEnds, wanted }, async (world, given) => {
    await world.ready(given.payer, given.wanted);
    const there = await show(world, given);
    if (there !== undefined) await world.accept(given.till, there, given.minor, given.fault);
  }) },
  { weight: 4, arbitrary: step('show', { ...bound, fault: perhapsEnds }, async (world, given) => void (await show(world, given, given.fault))) },
  { weight: 3, arbitrary: step('renew', { payer, till, minor, fault: perhapsEnds }, async (world, given) => {
    const there = world.render(given.payer);
    if (there !== undefined) await world.accept(given.till, there, given.minor, given.fault);
  }) },
  { weight: 5, arbitrary: step('scan again', { back: newest, till, minor, fault: perhapsEnds }, async (world, given) => {
    const there = world.rendering(given.back);
    if (there !== undefined) await world.accept(given.till, there, there.shown.minor ?? given.minor, given.fault);
  }) },
  { weight: 3, arbitrary: step('take back', { payer }, (world, given) => world.takeBack(given.payer)) },
  { weight: 4, arbitrary: step('correct', { payer, back: fc.nat(3) }, (world, given) => world.correct(given.payer, given.back)) },
  { weight: 1, arbitrary: step('believe a liar', { till: fc.nat(liar - 1), minor, asks: fc.boolean() }, (world, given) => world.believe(given.till, given.minor, given.asks)) },
  { weight: 3, arbitrary: step('copy', { what: fc.constantFrom('keep' as const, 'swap' as const, 'go back' as const) }, (world, given) => world.copy(given.what)) },
  { weight: 2, arbitrary: step('forge', { back: fc.nat(2), kind: fc.constantFrom('proof' as const, 'token' as const, 'wider token' as const), till, minor }, async (world, given) => {
    const there = world.forge(given.back, given.kind);
    if (there !== undefined) await world.accept(given.till, there, given.minor, undefined);
    world.lie({ ...given, back: 0, counterShift: 0, atShiftMs: 0, trustShiftMs: 0, payee: undefined, register: undefined, isSigned: true, otherBack: undefined });
    await world.bring(liar, [0]);
  }) },
  { weight: 1, arbitrary: step('take by an old list', { ms: fc.constantFrom(-2, 2, 3_600).map((seconds) => seconds * second) }, (world, given) => world.takeByAnOldList(given.ms)) },
  { weight: 5, arbitrary: step('lie', {
    back: newest, minor, counterShift: fc.constantFrom(0, 0, 0, 0, 1, -1), atShiftMs: fc.constantFrom(0, 0, 5, 30, -30, 60, 61, -31, 600, -600, 9 * 86_400).map((seconds) => seconds * second),
    trustShiftMs: fc.constantFrom(0, -second, -hour, -8 * day), payee: orNone(6, shop), register: orNone(6, till), isSigned: fc.integer({ min: 0, max: 7 }).map((of) => of > 0), otherBack: orNone(7, newest),
  }, (world, given) => world.lie(given)) },
  { weight: 2, arbitrary: step('lie twice', { back: newest, minors: fc.tuple(minor, minor) }, async (world, given) => {
    for (const amount of given.minors) world.lie({ back: given.back, minor: amount, counterShift: 0, atShiftMs: 0, trustShiftMs: 0, payee: undefined, register: undefined, isSigned: true, otherBack: undefined });
    await world.bring(liar, [0, 1]);
  }) },
  { weight: 4, arbitrary: step('the liar brings', { backs: fc.array(newest, { minLength: 1, maxLength: 4 }) }, (world, given) => world.bring(liar, given.backs)) },
  { weight: 2, arbitrary: step('bring again', { till, backs: fc.array(back, { minLength: 1, maxLength: 5 }) }, (world, given) => world.bring(given.till, given.backs)) },
  { weight: 8, arbitrary: step('settle', { till, batch: fc.constantFrom(1, 2, 500), fault: perhapsEnds, call: orNone(4, callFault), skip: fc.nat(1) }, async (world, given) => {
    if (given.call !== undefined) world.faultNext(given.call, given.skip);
    await world.settle(given.till, given.batch, given.fault);
  }) },
  { weight: 3, arbitrary: step('settle together', {
    jobs: fc.array(fc.record({ till, backs: fc.array(newest, { maxLength: 3 }) }), { minLength: 2, maxLength: 2 }), revoked: orNone(4, fc.nat(3)),
  }, (world, given) => world.settleTogether(given.jobs, given.revoked)) },
  { weight: 9, arbitrary: step('fetch the trust list', { till, stale: orNone(8, fc.nat(5)) }, (world, given) => world.sync(given.till, given.stale)) },
  { weight: 4, arbitrary: step('let a call go wrong', { fault: callFault, skip: fc.nat(2) }, (world, given) => world.faultNext(given.fault, given.skip)) },
  { weight: 4, arbitrary: step('set a clock', { party: fc.nat(6), offMs }, (world, given) => world.setClock(given.party, given.offMs)) },
  { weight: 5, arbitrary: step('time passes', { ms: aWhile }, (world, given) => world.pass(given.ms)) },
  { weight: 5, arbitrary: step('a day begins', {}, (world) => world.begin()) },
  { weight: 3, arbitrary: step('show twice', { minor, times: fc.integer({ min: 1, max: 3 }), tills: severalTills, isNamed: fc.boolean() }, (world, given) => world.showTwice(given.minor, given.times, given.tills, given.isNamed)) },
  { weight: 4, arbitrary: step('overspend', { wanted, back: fc.nat(1), minor, times: fc.integer({ min: 1, max: 3 }), tills: severalTills }, async (world, given) => {
    await world.ready(cheat, given.wanted);
    await world.overspend(given.back, given.minor, given.times, given.tills);
  }) },
  { weight: 2, arbitrary: step('spend at the end', {
    back: fc.nat(1), ms: fc.constantFrom(-31, 0, 15, 29, 31, 45, 59, 61).map((seconds) => seconds * second), till: fc.nat(liar - 1),
    offMs: fc.constantFrom(0, -15, -29, -30, -31, 30).map((seconds) => seconds * second), isRevoked: fc.boolean(),
  }, (world, given) => world.spendAtTheEnd(given.back, given.ms, given.till, given.offMs, given.isRevoked)) },
  { weight: 1, arbitrary: step('a code ends', {
    back: fc.nat(3), ms: fc.constantFrom(-31, -29, -1, 0, 1, 15, 29, 31, 45, 59, 61).map((seconds) => seconds * second),
  }, (world, given) => world.passTo(given.back, 'expiresAt', given.ms)) },
  { weight: 1, arbitrary: step('a hold ends', { back: fc.nat(5), ms: fc.constantFrom(-second, -1, 0, 1) }, (world, given) => world.passTo(given.back, 'settleBy', given.ms)) },
  { weight: 2, arbitrary: step('revoke a code', { payer, back: fc.nat(3) }, (world, given) => world.revokeCode(given.payer, given.back)) },
  { weight: 1, arbitrary: step('rotate the key', { overlapMs: fc.constantFrom(0, hour, day) }, (world, given) => world.rotateKey(given.overlapMs)) },
  { weight: 1, arbitrary: step('revoke a key', { back: fc.nat(2) }, (world, given) => world.revokeKey(given.back)) },
  { weight: 1, arbitrary: step('a new receipt key', { till }, (world, given) => world.rekeyTill(given.till)) },
  { weight: 1, arbitrary: step('reinstate', {}, (world) => world.reinstate()) },
  { weight: 2, arbitrary: step('top up', { payer, minor }, (world, given) => world.topUp(given.payer, given.minor)) },
  { weight: 1, arbitrary: step('set credit', { payer, minor: fc.constantFrom(0, 500, 2_000) }, (world, given) => world.setCredit(given.payer, given.minor)) },
  { weight: 2, arbitrary: step('pay', { payer, shop, minor }, (world, given) => world.pay(given.payer, given.shop, given.minor)) },
  { weight: 3, arbitrary: step('who bears losses', { isOperator: fc.boolean() }, (world, given) => world.bearLosses(given.isOperator)) },
  { weight: 1, arbitrary: step('keep house', {}, (world) => world.keepHouse()) },
  { weight: 1, arbitrary: step('verify', {}, (world) => world.verify()) },
);
