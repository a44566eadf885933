/** Where stations are kept to the agent. Both fail with a reason in words if it is not there. */
export interface Firewall {
  set(macs: ReadonlySet<string>): Promise<void>;
  get(): Promise<ReadonlySet<string>>;
}

/** Holds stations to the agent, also after somebody has loaded the firewall anew. */
export class Restriction {
  readonly #firewall: Firewall;
  /** What was set last; undefined: it is not known, as at the start. */
  #held: ReadonlySet<string> | undefined;

  constructor(firewall: Firewall) {
    this.#firewall = firewall;
  }

  /** Exactly these stations. Throws if the firewall cannot do that. */
  async hold(macs: ReadonlySet<string>): Promise<void> {
    const held = this.#held;
    this.#held = undefined;
    const isHeld = held !== undefined && isSame(held, macs) && isSame(await this.#firewall.get(), macs);
    if (!isHeld) {
      await this.#firewall.set(macs);
    }
    this.#held = macs;
  }

  /** Nobody: for that the firewall need not be there. What it held for a run before is let go as well. */
  async release(): Promise<void> {
    const nothingHeld = this.#held?.size === 0;
    this.#held = new Set();
    await (nothingHeld ? undefined : this.#firewall.set(this.#held).catch(() => {}));
  }
}

function isSame(one: ReadonlySet<string>, other: ReadonlySet<string>): boolean {
  return one.size === other.size && [...one].every((mac) => other.has(mac));
}
