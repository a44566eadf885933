import { KeyringSealer } from '../../src/secrets/seal.ts';

/** Keys of the tests' databases: as many as named, newest first. */
export function testSealer(...keys: readonly number[]): KeyringSealer {
  return new KeyringSealer((keys.length === 0 ? [1] : keys).map((key) => Buffer.alloc(32, key)));
}
