import { timingSafeEqual } from 'node:crypto';
import { LatchkeyError } from '../../domain/errors.ts';
import { answerProof, questionProof, thumbprintKey, type ThumbprintQuestion } from '../../protocol/thumbprint-proof.ts';
import { remember } from '../remember.ts';
import type { SharedAccessPoint } from '../sharing/ports.ts';
import type { SealedCodes } from './ports.ts';

interface Options {
  readonly accessPoint: Pick<SharedAccessPoint, 'credential'>;
  readonly sealed: Pick<SealedCodes, 'find'>;
}

interface KnownKey {
  readonly password: string;
  readonly key: Uint8Array;
}

/** Of guests at once, with room. */
const mostKeys = 1024;

/** Tells guests on the network, and nobody else, to which key their access code was sealed. */
export class ThumbprintDesk {
  readonly #options: Options;
  readonly #keys = new Map<string, KnownKey>();

  constructor(options: Options) {
    this.#options = options;
  }

  /** Errors: `share_request_not_found`, also for a wrong proof and for one whose grant is over; `agent_unreachable`. */
  async answer(question: ThumbprintQuestion, proof: Uint8Array): Promise<{ readonly thumbprint: string; readonly proof: Uint8Array }> {
    const sealed = this.#options.sealed.find(question.requestId);
    const key = sealed && (await this.#keyOf(sealed.grantId));
    if (sealed === undefined || key === undefined || !isSame(proof, questionProof(key, question))) {
      throw new LatchkeyError('share_request_not_found');
    }
    return { thumbprint: sealed.thumbprint, proof: answerProof(key, question, sealed.thumbprint) };
  }

  async #keyOf(grantId: string): Promise<Uint8Array | undefined> {
    const credential = await this.#options.accessPoint.credential(grantId);
    if (credential === undefined) {
      return undefined;
    }
    const known = this.#keys.get(grantId);
    if (known?.password === credential.password) {
      return known.key;
    }
    const key = await thumbprintKey(credential);
    remember(this.#keys, grantId, { password: credential.password, key }, mostKeys);
    return key;
  }
}

function isSame(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && timingSafeEqual(one, other);
}
