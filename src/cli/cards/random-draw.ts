import { randomBytes } from 'node:crypto';

const pool = new Uint32Array(4096);
let left = 0;

/** A random number from 0 up to, not with, 1, that nobody can foresee. */
export function randomDraw(): number {
  if (left === 0) {
    pool.set(new Uint32Array(randomBytes(pool.byteLength).buffer.slice(0, pool.byteLength)));
    left = pool.length;
  }
  left -= 1;
  return pool[left]! / 2 ** 32;
}
