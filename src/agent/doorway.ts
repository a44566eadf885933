import type { Socket } from 'node:net';
import { remember } from '../roles/remember.ts';

interface Guest {
  readonly socket: Socket;
  readonly address: string;
  /** It goes on with what its client began before, and so goes before those who begin: who came early is done early. */
  readonly goesOn: boolean;
  /** Hands the connection on to whoever speaks with it. */
  readonly enter: () => void;
}

/** Addresses remembered at most for having wasted a place; the one that did so longest ago is forgotten first. */
const remembered = 4096;

/**
 * Where connections are until they have shown what they are: so many at once, since each costs tens of kilobytes;
 * the others wait unread and cost next to nothing. Next is whose address takes least: who has connections inside, or
 * had some that came to nothing, stands behind who has not, and where all places are taken gives one up for it.
 * Among equals those who go on with something are first, and then those who came first.
 */
export class Doorway {
  readonly #places: number;
  readonly #inside = new Map<Socket, Guest>();
  readonly #waiting = new Map<Socket, Guest>();
  readonly #goingOn = new Set<Guest>();
  readonly #beginning = new Set<Guest>();
  readonly #insideOf = new Map<string, number>();
  readonly #wastedBy = new Map<string, number>();

  constructor(places: number) {
    this.#places = places;
  }

  come(guest: Guest): void {
    if (this.#inside.size >= this.#places) {
      this.#makeRoomFor(guest);
    }
    if (this.#inside.size < this.#places) {
      this.#admit(guest);
    } else {
      this.#waiting.set(guest.socket, guest);
      this.#lineOf(guest).add(guest);
    }
  }

  #lineOf({ goesOn }: Guest): Set<Guest> {
    return goesOn ? this.#goingOn : this.#beginning;
  }

  #waitNoMore(guest: Guest): void {
    this.#waiting.delete(guest.socket);
    this.#lineOf(guest).delete(guest);
  }

  /** The connection has shown what it is. */
  pass(socket: Socket): void {
    const guest = this.#inside.get(socket);
    if (guest !== undefined) {
      this.#wastedBy.delete(guest.address);
      this.#leave(guest);
    }
  }

  /** The connection is gone. */
  leave(socket: Socket): void {
    const waiting = this.#waiting.get(socket);
    if (waiting !== undefined) {
      this.#waitNoMore(waiting);
    }
    const guest = this.#inside.get(socket);
    if (guest !== undefined) {
      this.#waste(guest.address);
      this.#leave(guest);
    }
  }

  #leave(guest: Guest): void {
    this.#giveUp(guest);
    const next = this.#next();
    if (next !== undefined) {
      this.#waitNoMore(next);
      this.#admit(next);
    }
  }

  #admit(guest: Guest): void {
    this.#inside.set(guest.socket, guest);
    this.#insideOf.set(guest.address, (this.#insideOf.get(guest.address) ?? 0) + 1);
    guest.enter();
  }

  #giveUp(guest: Guest): void {
    this.#inside.delete(guest.socket);
    const count = (this.#insideOf.get(guest.address) ?? 0) - 1;
    if (count > 0) {
      this.#insideOf.set(guest.address, count);
    } else {
      this.#insideOf.delete(guest.address);
    }
  }

  #makeRoomFor(newcomer: Guest): void {
    let heaviest: Guest | undefined;
    for (const guest of this.#inside.values()) {
      if (heaviest === undefined || this.#weight(guest) > this.#weight(heaviest)) {
        heaviest = guest;
      }
    }
    // Its own place is in its weight.
    if (heaviest !== undefined && this.#weight(heaviest) > this.#weight(newcomer) + 1) {
      this.#giveUp(heaviest);
      heaviest.socket.destroy();
    }
  }

  #next(): Guest | undefined {
    let lightest: Guest | undefined;
    let least = Infinity;
    for (const line of [this.#goingOn, this.#beginning]) {
      for (const guest of line) {
        const weight = this.#weight(guest);
        if (weight === 0) {
          return guest;
        }
        if (weight < least) {
          lightest = guest;
          least = weight;
        }
      }
    }
    return lightest;
  }

  #weight({ address }: Guest): number {
    return (this.#insideOf.get(address) ?? 0) + (this.#wastedBy.get(address) ?? 0);
  }

  #waste(address: string): void {
    remember(this.#wastedBy, address, (this.#wastedBy.get(address) ?? 0) + 1, remembered);
  }
}
