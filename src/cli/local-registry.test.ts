import { afterEach, expect, test, vi } from 'vitest';
import { LatchkeyError } from '../domain/errors.ts';
import { databaseUrl, withoutPassword } from './local-registry.ts';

afterEach(() => vi.unstubAllEnvs());

test.each(['postgres://me:s3cret@db.example/latchkey', 'postgres://db.example/latchkey?user=me&password=s3cret'])(
  'a password is not taken from the arguments: %s',
  (address) => {
    expect(() => databaseUrl(address)).toThrow(expect.objectContaining({ code: 'invalid_input', hint: expect.stringContaining('LATCHKEY_DATABASE') }) as LatchkeyError);
    expect(withoutPassword(address)).not.toContain('s3cret');
    vi.stubEnv('LATCHKEY_DATABASE', address);
    expect(databaseUrl()).toBe(address);
  },
);

test.each(['postgres://me@db.example/latchkey', 'postgres:///latchkey?host=/run/postgresql', 'sqlite:/tmp/a:b@c', 'sqlite::memory:'])(
  '%s holds none',
  (address) => {
    expect(databaseUrl(address)).toBe(address);
    expect(withoutPassword(address)).toBe(address);
  },
);
