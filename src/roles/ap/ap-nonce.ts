import { createHmac, timingSafeEqual } from 'node:crypto';
import { Buffer } from 'node:buffer';
import { helloLifetimeMs } from '../../domain/access-request.ts';
import type { Random } from '../../domain/clock.ts';
import { LatchkeyError } from '../../domain/errors.ts';
import { idFrom } from '../../domain/identifiers.ts';
import { base64url } from '../../protocol/encoding.ts';
import type { Store } from '../store.ts';

const settingName = 'ap-nonce-key';
/** A hello's lifetime, and as much again for slow links and for the clocks of several servers. */
const longestMs = 2 * helloLifetimeMs;
const timeLength = 6;
const stampLength = 16;
const length = 32;

/** What an ap_nonce is made for. */
export interface NonceContext {
  readonly uuid: string;
  readonly apId: string;
  readonly deviceNonce: Uint8Array;
}

/**
 * Makes the ap_nonces, so that no access point can bring a device's proof later than its hello: whoever chose both
 * nonces could ask again for those of a proof that it kept. One is the time in ms (6 bytes, big-endian), 10 random
 * bytes, and the first 16 of an HMAC-SHA-256 by the registry's own key over what it is made for: any server can
 * tell its age, and none keeps a row (protocol.md section 1). What is proven under them gets its id by the same key.
 */
export class ApNonces {
  readonly #random: Random;
  #key: Buffer | undefined;

  constructor(random: Random) {
    this.#random = random;
  }

  async issue(store: Store, context: NonceContext, at: Date): Promise<Buffer> {
    const key = this.#key ?? (await this.#readKey(store)) ?? (await this.#makeKey(store));
    const nonce = Buffer.allocUnsafe(length);
    nonce.writeUIntBE(at.getTime(), 0, timeLength);
    nonce.set(this.#random.bytes(stampLength - timeLength), timeLength);
    nonce.set(macOf(key, context, nonce.subarray(0, stampLength)), stampLength);
    return nonce;
  }

  /** Whether it was made for this, and not too long ago. */
  async isFresh(store: Store, apNonce: Uint8Array, context: NonceContext, at: Date): Promise<boolean> {
    const key = await this.#readKey(store);
    if (key === undefined || apNonce.length !== length) {
      return false;
    }
    const stamp = Buffer.from(apNonce.subarray(0, stampLength));
    const genuine = timingSafeEqual(macOf(key, context, stamp), apNonce.subarray(stampLength));
    return genuine && Math.abs(at.getTime() - stamp.readUIntBE(0, timeLength)) < longestMs;
  }

  /**
   * The id of the request that a device proof makes: one for each proof at any server, and nobody's to know before,
   * since a device that knew it would know its match code. Undefined while no nonce was ever made: then there is no
   * proof under one.
   */
  async requestId(store: Store, deviceProof: Uint8Array): Promise<string | undefined> {
    const key = await this.#readKey(store);
    return key === undefined
      ? undefined
      : idFrom('req', base64url(createHmac('sha256', key).update('latchkey/1 request\0').update(deviceProof).digest().subarray(0, 16)));
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
      throw new LatchkeyError('storage_corrupt', 'The key of the ap_nonces was kept and is not there.');
    }
    return key;
  }
}

function macOf(key: Uint8Array, { uuid, apId, deviceNonce }: NonceContext, stamp: Uint8Array): Buffer {
  return createHmac('sha256', key)
    .update(`latchkey/1 ap-nonce\0${apId}\0${uuid}\0`)
    .update(deviceNonce)
    .update(stamp)
    .digest()
    .subarray(0, length - stampLength);
}
