import { createHmac } from 'node:crypto';
import { base64url } from '../protocol/encoding.ts';
import type { ServiceContext } from './service-context.ts';

/**
 * HMAC-SHA-256 over the parts, one after the other, by a key of the registry's own, which is made when it is first needed
 * and is the same for all servers: from the hash and the database nobody learns what was hashed.
 */
export async function keyedHash({ store, random }: Pick<ServiceContext, 'store' | 'random'>, keyName: string, ...parts: readonly string[]): Promise<Buffer> {
  let key = await store.settings.get(keyName);
  if (key === undefined) {
    await store.settings.insert(keyName, base64url(random.bytes(32)));
    key = (await store.settings.get(keyName))!;
  }
  const hash = createHmac('sha256', key);
  parts.forEach((part) => hash.update(part));
  return hash.digest();
}
