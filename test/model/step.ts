import fc from 'fast-check';
import { sides, type CrashPoint } from './crash-points.ts';
import type { Network } from './network.ts';
import { honestCount, type World } from './world.ts';

/** What a step may depend on before it is taken. */
export interface Sight {
  readonly network: Network;
}

/** One thing that somebody does. */
export class Step<Seen extends object = Sight, Real extends { steps: number } = World> implements fc.AsyncCommand<Seen, Real> {
  readonly #name: string;
  readonly #given: unknown;
  readonly #needs: (sight: Seen) => boolean;
  readonly #take: (world: Real) => Promise<void>;

  constructor(name: string, given: unknown, needs: (sight: Seen) => boolean, take: (world: Real) => Promise<void>) {
    this.#name = name;
    this.#given = given;
    this.#needs = needs;
    this.#take = take;
  }

  check(sight: Seen): boolean {
    return this.#needs(sight);
  }

  async run(_sight: Seen, world: Real): Promise<void> {
    world.steps += 1;
    await this.#take(world);
  }

  toString(): string {
    return `${this.#name} ${fc.stringify(this.#given)}`;
  }
}

export const always = () => true;
export const underWay = ({ network }: Sight) => network.size > 0;

export function step<Given>(name: string, given: { [Key in keyof Given]: fc.Arbitrary<Given[Key]> }, needs: (sight: Sight) => boolean, take: (world: World, given: Given) => Promise<void>): fc.Arbitrary<Step> {
  return fc.record(given).map((values) => new Step(name, values, needs, (world) => take(world, values as Given)));
}

/** So many times to one that it is there. */
export const orNone = <T>(without: number, arbitrary: fc.Arbitrary<T>) => fc.oneof({ weight: without, arbitrary: fc.constant(undefined) }, arbitrary);
/** The newest most often. */
export const back = fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, { weight: 2, arbitrary: fc.nat(3) }, fc.nat(40));
export const terminal = fc.nat(honestCount - 1);
export const account = fc.nat(1);
export const minor = fc.oneof({ weight: 4, arbitrary: fc.integer({ min: 1, max: 300 }) }, fc.integer({ min: 1, max: 3_000 }));
export const anyMemo = fc.constantFrom(undefined, 'breakfast', 'a key for room 7');
export const serverCrash: fc.Arbitrary<CrashPoint> = fc.record({ nth: fc.oneof(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 30 })), side: fc.constantFrom(...sides) });
export const rarely = fc.integer({ min: 0, max: 9 }).map((of) => of === 9);
export const perhapsServerCrash = orNone(1, serverCrash);
