import { LatchkeyError } from '../domain/errors.ts';
import type { Derivation } from './file-key.ts';

/** The content of `secrets.json`. Boxes are nonce ‖ ciphertext ‖ tag. */
export interface SecretsFile {
  readonly derivation: Derivation;
  /** Nothing, sealed: opens if the key is right. */
  readonly check: Buffer;
  readonly entries: Map<string, Buffer>;
}

const version = 1;
/** Beyond these a damaged file could make scrypt use gigabytes. */
const most = { n: 2 ** 20, r: 32, p: 16 };

export function formatSecretsFile({ derivation, check, entries }: SecretsFile): string {
  const content = {
    version,
    key: { ...derivation, salt: derivation.salt.toString('base64url') },
    check: check.toString('base64url'),
    entries: Object.fromEntries(Array.from(entries, ([name, box]) => [name, box.toString('base64url')])),
  };
  return `${JSON.stringify(content, null, 2)}\n`;
}

/** Errors: `secret_store_unavailable` for what is no such file. */
export function parseSecretsFile(path: string, text: string): SecretsFile {
  const damaged = (what: string) => damagedFile(path, what);
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    // The parser's own words quote the file.
    throw damaged('it is not JSON');
  }
  const { version: found, key, check, entries } = objectOf(json) ?? {};
  if (typeof found === 'number' && found > version) {
    throw damaged('it was written by a newer Latchkey');
  }
  const derivation = parseDerivation(objectOf(key) ?? {});
  const checkBox = bytesOf(check);
  const boxes = Object.entries(objectOf(entries) ?? {}).map(([name, box]) => [name, bytesOf(box)] as const);
  if (found !== version || derivation === undefined || checkBox === undefined || objectOf(entries) === undefined) {
    throw damaged('it is no secrets file');
  }
  return {
    derivation,
    check: checkBox,
    entries: new Map(
      boxes.map(([name, box]) => {
        if (box === undefined) {
          throw damaged(`the secret ${name} is not base64url`);
        }
        return [name, box];
      }),
    ),
  };
}

export function damagedFile(path: string, what: string): LatchkeyError {
  return new LatchkeyError('secret_store_unavailable', `${path} cannot be used: ${what}.`, {
    hint: 'Restore the file from a backup, or move it away and store its secrets again.',
  });
}

function parseDerivation({ from, salt, n, r, p }: Record<string, unknown>): Derivation | undefined {
  const bytes = bytesOf(salt);
  if (bytes === undefined) {
    return undefined;
  }
  if (from === 'key_file') {
    return { from, salt: bytes };
  }
  const isCost = (value: unknown, limit: number): value is number =>
    typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= limit;
  return from === 'passphrase' && isCost(n, most.n) && n > 1 && (n & (n - 1)) === 0 && isCost(r, most.r) && isCost(p, most.p)
    ? { from, salt: bytes, n, r, p }
    : undefined;
}

function objectOf(value: unknown): Record<string, unknown> | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.fromEntries(Object.entries(value)) : undefined;
}

function bytesOf(value: unknown): Buffer | undefined {
  return typeof value === 'string' && /^[A-Za-z0-9_-]+$/.test(value) ? Buffer.from(value, 'base64url') : undefined;
}
