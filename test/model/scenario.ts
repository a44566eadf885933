import type { CrashPoint } from './crash-points.ts';
import type { World } from './world.ts';

/** Something that a server does: `act` may have it crash over it, and may be done again at once. */
export interface Scenario {
  readonly name: string;
  /** In a world of its own each time: what is done is done once in any. */
  readonly once?: true;
  /** Whether that world's terminals are bound already. */
  readonly isBound?: false;
  prepare?(world: World): Promise<void>;
  act(world: World, crashAt: CrashPoint | undefined): Promise<void>;
}

/** The newest message goes to the server. */
export const deliver: Scenario['act'] = (world, crashAt) => world.deliver(world.network.look(0), crashAt);
