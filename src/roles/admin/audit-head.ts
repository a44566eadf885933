import { createPrivateKey, createPublicKey, generateKeyPairSync, sign, verify, type KeyObject } from 'node:crypto';
import { Buffer } from 'node:buffer';
import { base64url } from '../../protocol/encoding.ts';
import type { Store } from '../store.ts';
import type { SignedAuditHead } from './ports.ts';

const settingName = 'audit-head-key';

type Head = Omit<SignedAuditHead, 'publicKey' | 'signature'>;

/** The bytes under the signature: what they are, entry, count, hash (base64url) and time, one a line, as on the wire. */
function signedText(head: Head): Buffer {
  return Buffer.from(`latchkey/1 audit-head\n${head.id}\n${head.count}\n${base64url(head.hash)}\n${head.at.toISOString()}\n`);
}

/** Signs with the registry's Ed25519 key, which is made at its first use and kept sealed in the registry. */
export async function signAuditHead(store: Store, head: Head): Promise<SignedAuditHead> {
  const key = await signingKey(store);
  const publicKey = createPublicKey(key).export({ format: 'jwk' }).x;
  if (publicKey === undefined) {
    throw new TypeError('not an Ed25519 key');
  }
  return { ...head, publicKey, signature: sign(null, signedText(head), key).toString('base64url') };
}

/** Whether the signature is the named key's over this head. */
export function isAuditHeadSigned(head: SignedAuditHead): boolean {
  const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: head.publicKey }, format: 'jwk' });
  return verify(null, signedText(head), key, Buffer.from(head.signature, 'base64url'));
}

async function signingKey(store: Store): Promise<KeyObject> {
  const kept = await store.settings.get(settingName);
  if (kept !== undefined) {
    return createPrivateKey(kept);
  }
  const { privateKey } = generateKeyPairSync('ed25519');
  await store.settings.insert(settingName, privateKey.export({ format: 'pem', type: 'pkcs8' }).toString());
  return createPrivateKey((await store.settings.get(settingName))!);
}
