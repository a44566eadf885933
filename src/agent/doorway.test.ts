import type { Socket } from 'node:net';
import { expect, test } from 'vitest';
import { Doorway } from './doorway.ts';

class Visitors {
  readonly entered: string[] = [];
  readonly sockets = new Map<string, Socket>();
  readonly destroyed: string[] = [];
  readonly doorway: Doorway;

  constructor(places: number) {
    this.doorway = new Doorway(places);
  }

  /** `name`: whose it is and which, as in `a1`. */
  come(...names: string[]): void {
    this.#come(names, false);
  }

  goOn(...names: string[]): void {
    this.#come(names, true);
  }

  #come(names: string[], goesOn: boolean): void {
    for (const name of names) {
      const socket = { destroy: () => this.destroyed.push(name) } as unknown as Socket;
      this.sockets.set(name, socket);
      this.doorway.come({ socket, address: name.charAt(0), goesOn, enter: () => this.entered.push(name) });
    }
  }

  pass(name: string): void {
    this.doorway.pass(this.sockets.get(name)!);
  }

  leave(name: string): void {
    this.doorway.leave(this.sockets.get(name)!);
  }
}

test('those beyond its places wait until somebody has passed or is gone', () => {
  const visitors = new Visitors(2);
  visitors.come('a1', 'b1', 'c1', 'd1', 'e1');
  expect(visitors.entered).toEqual(['a1', 'b1']);
  visitors.pass('a1');
  visitors.leave('b1');
  expect(visitors.entered).toEqual(['a1', 'b1', 'c1', 'd1']);
  visitors.leave('e1');
  visitors.leave('c1');
  expect(visitors.entered).toEqual(['a1', 'b1', 'c1', 'd1']);
});

test('whoever has several inside gives one up for who has none', () => {
  const visitors = new Visitors(3);
  visitors.come('a1', 'a2', 'a3', 'b1');
  expect(visitors.destroyed).toEqual(['a1']);
  expect(visitors.entered).toEqual(['a1', 'a2', 'a3', 'b1']);
  visitors.come('a4');
  expect(visitors.entered).toHaveLength(4);
});

test('whoever came for nothing before stands behind who did not', () => {
  const visitors = new Visitors(1);
  visitors.come('a1', 'a2', 'b1');
  visitors.leave('a1');
  expect(visitors.entered).toEqual(['a1', 'b1']);
  visitors.pass('b1');
  expect(visitors.entered).toEqual(['a1', 'b1', 'a2']);
  // Nobody waits for its end: it wasted a place and is there again.
  visitors.come('c1');
  expect(visitors.destroyed).toEqual(['a2']);
  expect(visitors.entered.at(-1)).toBe('c1');
});

test('having passed makes up for it', () => {
  const visitors = new Visitors(1);
  visitors.come('a1');
  visitors.leave('a1');
  visitors.come('a2');
  visitors.pass('a2');
  visitors.come('a3', 'b1');
  expect(visitors.destroyed).toEqual([]);
});

test('who goes on with something is before who begins, unless it came for nothing before', () => {
  const visitors = new Visitors(1);
  visitors.come('a1', 'b1');
  visitors.goOn('c1', 'd1');
  visitors.pass('a1');
  visitors.leave('c1');
  visitors.goOn('c2');
  visitors.pass('d1');
  visitors.pass('b1');
  expect(visitors.entered).toEqual(['a1', 'c1', 'd1', 'b1', 'c2']);
});
