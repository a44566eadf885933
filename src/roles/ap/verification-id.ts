import { createHmac, timingSafeEqual } from 'node:crypto';
import { Buffer } from 'node:buffer';
import { helloLifetimeMs } from '../../domain/access-request.ts';
import type { Random } from '../../domain/clock.ts';
import { LatchkeyError } from '../../domain/errors.ts';
import type { HelloContext } from '../../protocol/device-key.ts';
import { base64url, uuidBytes } from '../../protocol/encoding.ts';
import type { Store } from '../store.ts';

const settingName = 'verification-key';
/** A hello's lifetime, and as much again for slow links and for the clocks of several servers. */
const longestMs = 2 * helloLifetimeMs;
const pattern = /^ver_([0-9a-z]{1,12})_([A-Za-z0-9_-]{43})$/;

/**
 * Names one verification so that its request can be held against it, at any server and without a row in the
 * database: `ver_`, the time in ms in base 36, `_`, and an HMAC-SHA-256 over it all by the registry's own key. An
 * access point that kept a device's proof to itself can make nothing of it later (protocol.md section 1).
 */
export class VerificationIds {
  readonly #random: Random;
  #key: Buffer | undefined;

  constructor(random: Random) {
    this.#random = random;
  }

  async issue(store: Store, hello: HelloContext, at: Date): Promise<string> {
    const time = at.getTime().toString(36);
    const key = (await this.#readKey(store)) ?? (await this.#makeKey(store));
    return `ver_${time}_${base64url(macOf(key, hello, time))}`;
  }

  /** Whether it was issued for this hello, and not too long ago. */
  async isFresh(store: Store, verificationId: string, hello: HelloContext, at: Date): Promise<boolean> {
    const [, time, mac] = pattern.exec(verificationId) ?? [];
    const key = await this.#readKey(store);
    if (time === undefined || mac === undefined || key === undefined) {
      return false;
    }
    const genuine = timingSafeEqual(macOf(key, hello, time), Buffer.from(mac, 'base64url'));
    return genuine && Math.abs(at.getTime() - Number.parseInt(time, 36)) < longestMs;
  }

  async #readKey(store: Store): Promise<Buffer | undefined> {
    const kept = this.#key === undefined ? await store.settings.get(settingName) : undefined;
    this.#key ??= kept === undefined ? undefined : Buffer.from(kept, 'base64url');
    return this.#key;
  }

  /** Whichever server needs it first makes it; what is remembered is what the registry then holds. */
  async #makeKey(store: Store): Promise<Buffer> {
    await store.settings.insert(settingName, base64url(this.#random.bytes(32)));
    const key = await this.#readKey(store);
    if (key === undefined) {
      throw new LatchkeyError('storage_corrupt', 'The key of verifications was kept and is not there.');
    }
    return key;
  }
}

function macOf(key: Uint8Array, { uuid, apId, deviceNonce, apNonce }: HelloContext, time: string): Buffer {
  return createHmac('sha256', key)
    .update(`latchkey/1 verification\0${apId}\0${time}\0`)
    .update(uuidBytes(uuid))
    .update(deviceNonce)
    .update(apNonce)
    .digest();
}
