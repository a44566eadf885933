import { CompactEncrypt } from 'jose/jwe/compact/encrypt';
import { compactDecrypt } from 'jose/jwe/compact/decrypt';
import { calculateJwkThumbprint } from 'jose/jwk/thumbprint';
import { Buffer } from 'node:buffer';
import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { LatchkeyError } from '../domain/errors.ts';
import { parsePassphrase, parseSsid, securities, type Security } from '../domain/ssid.ts';
import { parseBase64url } from './encoding.ts';

/** What somebody needs to get onto a network. */
export interface AccessCode {
  readonly ssid: string;
  readonly password: string;
  /** The identifier of an SAE password (IEEE 802.11, 12.4.2), without which the network does not take it. */
  readonly passwordId?: string | undefined;
  readonly security: Security;
}

/** Whose key access codes are sealed to: on P-256, x and y 32 bytes each in base64url (RFC 7518, 6.2.1). */
export interface PublicJwk {
  readonly kty: 'EC';
  readonly crv: 'P-256';
  readonly x: string;
  readonly y: string;
}

export interface PrivateJwk extends PublicJwk {
  /** 32 bytes in base64url. */
  readonly d: string;
}

const alg = 'ECDH-ES';
const enc = 'A256GCM';
const coordinateBytes = 32;
/** A plaintext has at most some 250 bytes. */
const longestJwe = 4096;

/** A key pair for access codes and nothing else. */
export function newAccessKey(): PrivateJwk {
  const { kty, crv, x, y, d } = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' });
  return { kty, crv, x, y, d } as PrivateJwk;
}

/** The half that others may have. */
export function publicJwkOf({ kty, crv, x, y }: PublicJwk): PublicJwk {
  return { kty, crv, x, y };
}

/** Reads a public JWK (RFC 7517) and leaves out what does not belong to the key. Errors: `access_code_invalid`. */
export function parsePublicJwk(text: string): PublicJwk {
  const { kty, crv, x, y } = parsedObject(text, 'the key');
  if (kty !== 'EC' || crv !== 'P-256' || !isCoordinate(x) || !isCoordinate(y)) {
    throw invalid('the key is none on P-256');
  }
  const jwk: PublicJwk = { kty, crv, x, y };
  try {
    createPublicKey({ key: { ...jwk }, format: 'jwk' });
  } catch {
    throw invalid('the key is no point of its curve');
  }
  return jwk;
}

/** SHA-256 over the members that make the key, in base64url: 43 characters (RFC 7638). */
export async function jwkThumbprint(jwk: PublicJwk): Promise<string> {
  return calculateJwkThumbprint({ ...publicJwkOf(jwk) });
}

/** A thumbprint as somebody gives it to pin a key. Errors: `invalid_input`. */
export function parseThumbprint(text: string): string {
  if (parseBase64url(text, 32) === undefined) {
    throw new LatchkeyError('invalid_input', `"${text}" is no thumbprint of a key: that has 43 letters and digits, - or _.`);
  }
  return text;
}

/**
 * A compact JWE (RFC 7516) by ECDH-ES and A256GCM that the holder of the key alone can open, and for one purpose alone:
 * `apv` is the id of what it is for, a grant or a request (protocol.md section 7).
 */
export async function sealAccessCode({ ssid, password, passwordId, security }: AccessCode, to: PublicJwk, apv: string): Promise<string> {
  const plaintext = Buffer.from(JSON.stringify({ ssid, password, password_id: passwordId, security }));
  return new CompactEncrypt(plaintext)
    .setProtectedHeader({ alg, enc })
    .setKeyManagementParameters({ apv: Buffer.from(apv) })
    .encrypt({ ...publicJwkOf(to) });
}

/** Of one that only its receiver can open, what anybody can see. Errors: `access_code_invalid` if it is none, or for something else. */
export function checkSealedFor(jwe: string, apv: string): void {
  const [header = '', ...rest] = jwe.split('.');
  if (jwe.length > longestJwe || rest.length !== 4 || ![header, ...rest].every((part) => /^[A-Za-z0-9_-]*$/.test(part))) {
    throw invalid('it is no compact JWE');
  }
  const said = parsedObject(Buffer.from(header, 'base64url').toString(), 'its header');
  if (said['alg'] !== alg || said['enc'] !== enc) {
    throw invalid(`it is not sealed by ${alg} and ${enc}`);
  }
  if (said['apv'] !== Buffer.from(apv).toString('base64url')) {
    throw invalid('it is for something else');
  }
}

/** Errors: `access_code_invalid` (sealed for something else or to another key, in another way, or changed). */
export async function openAccessCode(jwe: string, key: PrivateJwk, apv: string): Promise<AccessCode> {
  if (jwe.length > longestJwe) {
    throw invalid('it is too long');
  }
  const plaintext = await decrypted(jwe, key, apv);
  const { ssid, password, password_id: passwordId, security } = parsedObject(plaintext, 'what was in it');
  const known = securities.find((one) => one === security);
  if (typeof ssid !== 'string' || typeof password !== 'string' || known === undefined || !(passwordId === undefined || isPasswordId(passwordId))) {
    throw invalid('what was in it makes no sense');
  }
  try {
    return { ssid: parseSsid(ssid), password: parsePassphrase(password), security: known, ...(passwordId === undefined ? {} : { passwordId }) };
  } catch {
    throw invalid('what was in it makes no sense');
  }
}

async function decrypted(jwe: string, key: PrivateJwk, apv: string): Promise<string> {
  let opened: Awaited<ReturnType<typeof compactDecrypt>>;
  try {
    opened = await compactDecrypt(jwe, { ...key }, { keyManagementAlgorithms: [alg], contentEncryptionAlgorithms: [enc], maxDecompressedLength: 0 });
  } catch {
    throw invalid('it does not open');
  }
  if (opened.protectedHeader['apv'] !== Buffer.from(apv).toString('base64url')) {
    throw invalid('it is for something else');
  }
  return Buffer.from(opened.plaintext).toString();
}

function parsedObject(text: string, what: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw invalid(`${what} is no JSON`);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw invalid(`${what} is no object`);
  }
  return value as Record<string, unknown>;
}

function isCoordinate(value: unknown): value is string {
  return typeof value === 'string' && parseBase64url(value, coordinateBytes) !== undefined;
}

/** As access points make them; it goes into configuration files and onto screens. */
function isPasswordId(value: unknown): value is string {
  return typeof value === 'string' && /^[\x21\x23-\x5b\x5d-\x7e]{1,128}$/.test(value);
}

function invalid(detail: string): LatchkeyError {
  return new LatchkeyError('access_code_invalid', `The access code cannot be used: ${detail}.`);
}
