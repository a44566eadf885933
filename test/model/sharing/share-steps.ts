import fc from 'fast-check';
import { sides } from '../crash-points.ts';
import { orNone, rarely, Step } from '../step.ts';
import { guestKinds, networkKinds, sharerKinds } from './share-parties.ts';
import { rivals, tariffs, type ShareWorld } from './share-world.ts';

type ShareStep = Step<ShareWorld, ShareWorld>;

function step<Given>(name: string, given: { [Key in keyof Given]: fc.Arbitrary<Given[Key]> }, take: (world: ShareWorld, given: Given) => Promise<void> | void): fc.Arbitrary<ShareStep> {
  return fc.record(given).map((values) => new Step<ShareWorld, ShareWorld>(name, values, () => true, async (world) => take(world, values as Given)));
}

const [second, minute] = [1_000, 60_000];
const guest = fc.nat(guestKinds.length - 1);
const network = fc.oneof({ weight: 15, arbitrary: fc.nat(networkKinds.length - 2) }, fc.constant(networkKinds.length - 1));
const account = fc.constantFrom(...new Set(sharerKinds));
/** The newest most often. */
const back = fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, { weight: 2, arbitrary: fc.nat(3) }, fc.nat(30));
/** Megabytes or minutes. */
const size = fc.oneof({ weight: 6, arbitrary: fc.constantFrom(10, 20, 30, 60, 100, 150, 250) }, fc.constantFrom(1, 33, 300, 301, 1_000, 1_001));
const stranger = orNone(14, fc.nat(guestKinds.length + sharerKinds.length - 1));
const side = fc.constantFrom('guest' as const, 'sharer' as const);
const counted = fc.record({ percent: fc.constantFrom(0, 0, 0.1, 1, 4, 30, 50, 90, 99, 100, 102), seconds: fc.constantFrom(0, 0, 1, 60, 600), isFinal: rarely });
const last = counted.map((of) => ({ ...of, isFinal: true }));
const terms = fc.record({ tariff: fc.nat(tariffs.length - 1), guests: fc.constantFrom(1, 2, 5), answerMs: fc.constantFrom(10 * second, 2 * minute, 15 * minute) });
const callFault = fc.oneof(
  fc.constantFrom({ kind: 'request lost' as const }, { kind: 'reply lost' as const }),
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('crash' as const), at: fc.record({ nth: fc.oneof({ weight: 3, arbitrary: fc.integer({ min: 1, max: 10 }) }, fc.integer({ min: 1, max: 30 })), side: fc.constantFrom(...sides) }) }) },
);

/** As far as it goes by itself. */
async function buy(world: ShareWorld, given: { guest: number; network: number; size: number; isKeyed: boolean; upTo: number }): Promise<void> {
  await world.order(given.guest, given.network, 0, given.size, given.isKeyed);
  if (given.upTo > 0) await world.pay(0, undefined, false);
  if (given.upTo > 1) await world.approve(0, undefined);
  if (given.upTo > 2) await world.respond(0, undefined);
  if (given.upTo > 3) await world.collect(0, undefined);
  if (given.upTo === 5) await world.respond(0, undefined, true);
  if (given.upTo > 3) await world.acknowledge(0, undefined);
}

const disturbances = ['paused', 'withdrawn', 'suspended', 'late', 'owing', 'full', 'bought by another terminal'] as const;

/** What was open when it was asked for is not any more when it is paid. */
async function payAfter(world: ShareWorld, given: { guest: number; network: number; size: number; what: (typeof disturbances)[number]; ms: number }): Promise<void> {
  const usual = { tariff: 0, guests: 5, answerMs: 2 * minute };
  const { guest: who, network: where, size: much, what } = given;
  const other = (who + 2) % guestKinds.length;
  if (what === 'bought by another terminal') {
    const free = networkKinds.length - 1;
    await world.setOffer(free, 'active', { ...usual, tariff: 3 });
    await world.order(0, free, 0, much, false);
    await world.order(1, free, 0, much, true);
    await world.pay(1, undefined, false);
    await world.pay(0, undefined, false);
    return;
  }
  await world.updateOffer(where, what === 'full' ? { ...usual, guests: 1 } : usual);
  await world.order(who, where, 0, 100, false);
  if (what === 'late') world.passTo(0, given.ms);
  else if (what === 'suspended') await world.prove(where, false);
  else if (what === 'full') await buy(world, { guest: other, network: where, size: 100, isKeyed: false, upTo: much > 30 ? 3 : 1 });
  else if (what === 'owing') {
    await buy(world, { guest: other, network: where, size: 250, isKeyed: false, upTo: 6 });
    await world.empty(sharerKinds[networkKinds[where]!.sharer], 0);
    await world.endEarly(0, 'sharer', undefined);
    world.pass(2 * minute);
    await world.keepHouse();
  } else await world.setOffer(where, what, usual);
  await world.pay(0, undefined, false);
  if (what === 'suspended') await world.prove(where, true);
  if (what === 'paused') await world.setOffer(where, 'active', usual);
}

/** All that guests, sharers, agents, liars, strangers, the network, servers and an operator do, about as often as it gets things going. */
export const anyShareStep: fc.Arbitrary<ShareStep> = fc.oneof(
  { weight: 14, arbitrary: step('buy', { guest, network, size, isKeyed: fc.boolean(), upTo: fc.integer({ min: 0, max: 6 }) }, buy) },
  { weight: 4, arbitrary: step('order', { guest, network, back: fc.nat(2), size, isKeyed: fc.boolean() }, (world, given) => world.order(given.guest, given.network, given.back, given.size, given.isKeyed)) },
  { weight: 8, arbitrary: step('pay', { back, stranger, isWrong: rarely }, (world, given) => world.pay(given.back, given.stranger, given.isWrong)) },
  { weight: 5, arbitrary: step('pay after all', { guest, network, size, what: fc.constantFrom(...disturbances), ms: fc.constantFrom(-1, 0, 0, 1) }, payAfter) },
  { weight: 7, arbitrary: step('approve', { back, stranger }, (world, given) => world.approve(given.back, given.stranger)) },
  { weight: 5, arbitrary: step('respond', { back, stranger, isAnother: rarely }, (world, given) => world.respond(given.back, given.stranger, given.isAnother)) },
  { weight: 3, arbitrary: step('ask for the code', { back, stranger }, (world, given) => world.collect(given.back, given.stranger)) },
  { weight: 5, arbitrary: step('acknowledge', { back, stranger }, (world, given) => world.acknowledge(given.back, given.stranger)) },
  { weight: 7, arbitrary: step('increase', { back, size, stranger, isKeyed: fc.boolean() }, (world, given) => world.increase(given.back, given.size, given.stranger, given.isKeyed)) },
  { weight: 7, arbitrary: step('buy more', { back, size, isKeyed: fc.boolean() }, async (world, given) => {
    for (const ap of networkKinds.keys()) await world.listen(ap);
    await world.increase(given.back, given.size, undefined, given.isKeyed);
    await world.pay(0, undefined, false);
    await world.approve(0, undefined);
    for (const ap of networkKinds.keys()) await world.listen(ap);
  }) },
  { weight: 2, arbitrary: step('cancel', { back, stranger }, (world, given) => world.cancel(given.back, given.stranger)) },
  { weight: 2, arbitrary: step('refuse', { back, reason: orNone(1, fc.constant('not today')), stranger }, (world, given) => world.refuse(given.back, given.reason, given.stranger)) },
  { weight: 2, arbitrary: step('report a mismatch', { back, isOwn: rarely, stranger }, (world, given) => world.mismatch(given.back, given.isOwn, given.stranger)) },
  { weight: 10, arbitrary: step('read', { back, side, counted, isForged: rarely, stranger }, (world, given) => world.read(given.back, given.side, given.counted, given.isForged, given.stranger)) },
  { weight: 5, arbitrary: step('read for the last time', { back, one: last, other: last }, async (world, given) => {
    await world.read(given.back, 'guest', given.one, false, undefined);
    await world.read(given.back, 'sharer', given.other, false, undefined);
  }) },
  { weight: 4, arbitrary: step('end', { back, side, stranger }, (world, given) => world.endEarly(given.back, given.side, given.stranger)) },
  { weight: 3, arbitrary: step('warn', { back, threshold: fc.constantFrom('80%', '95%'), stranger }, (world, given) => world.warn(given.back, given.threshold, given.stranger)) },
  { weight: 3, arbitrary: step('look', { back, side, stranger }, (world, given) => world.look(given.back, given.side, given.stranger)) },
  { weight: 8, arbitrary: step('report use', { back, counted, elsewhere: orNone(12, network) }, (world, given) => world.report(given.back, given.counted, undefined, given.elsewhere)) },
  { weight: 3, arbitrary: step('report an end', { back, counted, endedAgoMs: fc.constantFrom(0, 5 * second, minute, 20 * minute, -minute), elsewhere: orNone(12, network) }, (world, given) =>
    world.report(given.back, given.counted, given.endedAgoMs, given.elsewhere)) },
  { weight: 3, arbitrary: step('listen', { network }, (world, given) => world.listen(given.network)) },
  { weight: 2, arbitrary: step('complain late', { back, ms: fc.constantFrom(-1, 0, 0), isMismatch: fc.boolean() }, async (world, given) => {
    world.passToComplaint(given.back, given.ms);
    if (given.isMismatch) await world.mismatch(given.back, false, undefined);
    else await world.endEarly(given.back, 'guest', undefined);
  }) },
  { weight: 2, arbitrary: step('revoke', { back }, (world, given) => world.revoke(given.back)) },
  { weight: 3, arbitrary: step('change an offer', { network, terms }, (world, given) => world.updateOffer(given.network, given.terms)) },
  { weight: 2, arbitrary: step('set an offer', { network, state: fc.constantFrom('active' as const, 'active' as const, 'paused' as const, 'withdrawn' as const), terms }, (world, given) =>
    world.setOffer(given.network, given.state, given.terms)) },
  { weight: 1, arbitrary: step('resume an offer', { network, terms }, (world, given) => world.setOffer(given.network, 'active', given.terms)) },
  { weight: 1, arbitrary: step('prove a network', { network, isValid: fc.integer({ min: 0, max: 2 }).map((of) => of > 0) }, (world, given) => world.prove(given.network, given.isValid)) },
  { weight: 1, arbitrary: step('lose a network for a while', { guest, network, size }, async (world, given) => {
    await world.prove(given.network, true);
    await buy(world, { ...given, isKeyed: false, upTo: 1 });
    await world.prove(given.network, false);
    await world.approve(0, undefined);
    await world.prove(given.network, true);
  }) },
  { weight: 2, arbitrary: step('empty an account', { account, left: fc.constantFrom(0, 0, 30, -10) }, (world, given) => world.empty(given.account, given.left)) },
  { weight: 2, arbitrary: step('sell more than can go back', { guest, network, size, left: fc.constantFrom(0, 30, 120), counted }, async (world, given) => {
    await buy(world, { ...given, isKeyed: true, upTo: 6 });
    await world.increase(0, given.size, undefined, true);
    await world.pay(0, undefined, false);
    await world.approve(0, undefined);
    await world.read(0, 'guest', given.counted, false, undefined);
    await world.empty(sharerKinds[networkKinds[given.network]!.sharer], given.left);
    await world.endEarly(0, 'sharer', undefined);
    world.pass(2 * minute);
    await world.keepHouse();
  }) },
  { weight: 2, arbitrary: step('top up', { account: fc.constantFrom('A', 'B', 'C', 'X', 'Y'), minor: fc.constantFrom(10, 100, 1_000) }, (world, given) => world.topUp(given.account, given.minor)) },
  { weight: 1, arbitrary: step('refund', { back, minor: fc.constantFrom(1, 50, 1_000) }, (world, given) => world.refund(given.back, given.minor)) },
  { weight: 1, arbitrary: step('meddle', { back, isCapture: fc.boolean() }, (world, given) => world.meddle(given.back, given.isCapture)) },
  { weight: 6, arbitrary: step('time passes', { ms: fc.constantFrom(second, second, 10 * second, 31 * second, 2 * minute, 5 * minute, 11 * minute, 31 * minute) }, (world, given) => world.pass(given.ms)) },
  { weight: 5, arbitrary: step('its time is over', { back, ms: fc.constantFrom(-second, -1, 0, 1, minute) }, (world, given) => world.passTo(given.back, given.ms)) },
  { weight: 6, arbitrary: step('keep house', {}, (world) => world.keepHouse()) },
  { weight: 14, arbitrary: step('let a call go wrong', { fault: callFault, skip: fc.nat(1) }, (world, given) => world.faultNext(given.fault, given.skip)) },
  { weight: 6, arbitrary: step('again', { back: fc.oneof({ weight: 2, arbitrary: fc.nat(5) }, fc.nat(80)) }, (world, given) => world.again(given.back)) },
  { weight: 4, arbitrary: step('late', { back: fc.nat(8) }, (world, given) => world.deliverLate(given.back)) },
  { weight: 4, arbitrary: step('start a process again', { party: fc.nat(guestKinds.length + sharerKinds.length - 1) }, (world, given) => world.restart(given.party)) },
  { weight: 5, arbitrary: step('race', { back, first: fc.constantFrom(...rivals), second: fc.constantFrom(...rivals), counted }, (world, given) => world.race(given.back, given.first, given.second, given.counted)) },
  { weight: 1, arbitrary: step('verify', {}, (world) => world.verify()) },
);
