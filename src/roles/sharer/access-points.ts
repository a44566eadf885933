import { LatchkeyError } from '../../domain/errors.ts';
import type { Enforcement } from '../../domain/grant.ts';
import type { AgentControl } from '../agent/ports.ts';
import type { SharedAccessPoint } from '../sharing/ports.ts';

type Credential = NonNullable<Awaited<ReturnType<SharedAccessPoint['credential']>>>;

type Agent = Pick<AgentControl, 'claimNetwork' | 'reveal' | 'usage'>;

/** An access point whose agent runs on this machine. What a grant uses it counts where each has a password of its own. */
export class AgentAccessPoint implements SharedAccessPoint {
  readonly apId: string;
  readonly #enforcement: Enforcement;
  readonly #agent: Agent;

  constructor({ apId, enforcement }: { readonly apId: string; readonly enforcement: Enforcement }, agent: Agent) {
    this.apId = apId;
    this.#enforcement = enforcement;
    this.#agent = agent;
  }

  claim({ id }: { readonly id: string }): Promise<void> {
    return this.#agent.claimNetwork(id);
  }

  credential(grantId: string) {
    return unlessUnknown(() => this.#agent.reveal(grantId));
  }

  async usage(grantId: string) {
    return this.#enforcement === 'per-grant' ? unlessUnknown(() => this.#agent.usage(grantId)) : undefined;
  }
}

/** Errors: `invalid_input` for an agent that is asked by RADIUS: of guests no address is known, by which it would know them. */
export function requireRoomForGuests({ kind }: { readonly kind: string }): void {
  if (kind === 'radius') {
    throw new LatchkeyError('invalid_input', 'The agent here is asked by RADIUS, which knows stations by their addresses: it would let no guest in.', {
      hint: 'Share a network whose agent is `latchkey ap serve --radio hostapd`, or serve it on your own word: `--radio none`.',
    });
  }
}

/** The sharer's own word: one password, which is what every guest gets, and nothing that enforces or counts. */
export class OwnWordAccessPoint implements SharedAccessPoint {
  readonly apId = undefined;
  readonly #credential: Credential;

  constructor(credential: Credential) {
    this.#credential = credential;
  }

  async claim(): Promise<void> {}

  async credential(): Promise<Credential> {
    return this.#credential;
  }

  async usage(): Promise<undefined> {
    return undefined;
  }
}

/** The agent does not know the grant yet, or lets nobody in by it any more. */
async function unlessUnknown<T>(ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof LatchkeyError && error.code === 'grant_not_found') {
      return undefined;
    }
    throw error;
  }
}
