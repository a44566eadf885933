import { LatchkeyError } from '../../domain/errors.ts';
import type { CodesRole } from '../../roles/codes/ports.ts';
import { issuedCodes, OwnCodes, type OwnCode } from '../../roles/wallet/own-codes.ts';
import { clockTrouble } from '../clock-trouble.ts';
import { secretStore, type RoleFlags } from '../destination.ts';
import { systemRandom } from '../local-registry.ts';
import { openCodes, type Opening } from '../open-role.ts';
import type { KnownCode } from '../present/wallet-codes.ts';
import type { SecretSources } from '../secret-input.ts';
import { StoredCreditCodes } from './kept-codes.ts';
import { openPayer, withCode, type OpenedPayer } from './open-payer.ts';
import { ShowingFile } from './showing-file.ts';

/** What this machine holds of credit payment codes; no server is needed for it. */
export interface HeldCodes {
  readonly kept: StoredCreditCodes;
  readonly journal: ShowingFile;
}

export async function openHeldCodes(sources: SecretSources): Promise<HeldCodes> {
  return { kept: new StoredCreditCodes(await secretStore(sources)), journal: new ShowingFile() };
}

export interface OpenedCodes extends OpenedPayer, HeldCodes {
  readonly codes: CodesRole;
  readonly own: OwnCodes;
}

export interface OwnCodesOpening extends Opening {
  /** Told once if this machine's clock is wrong. */
  readonly caution: (text: string) => Promise<void>;
}

/** The same with the server, or the database on this machine, that issues and settles them. */
export async function openOwnCodes(flags: RoleFlags, options: OwnCodesOpening): Promise<OpenedCodes> {
  const opening = { ...options, onClock: tellingOnce(options.caution) };
  const { wallet, payer } = await openPayer(flags, opening);
  const codes = await openCodes('terminal', flags, opening);
  const { kept, journal } = await openHeldCodes(opening.sources);
  return { wallet, payer, codes, kept, journal, own: new OwnCodes({ wallet, payer, codes, kept, journal, random: systemRandom, withCode }) };
}

function tellingOnce(caution: OwnCodesOpening['caution']): (clockAheadMs: number) => void {
  let isTold = false;
  return (clockAheadMs) => {
    const trouble = clockTrouble(clockAheadMs, 'terminal');
    if (trouble !== undefined && !isTold) {
      isTold = true;
      void caution(trouble);
    }
  };
}

/** All that were issued, newest first, with what was shown of them or why nobody knows. */
export async function knownCodes({ kept, journal }: HeldCodes): Promise<KnownCode[]> {
  return Promise.all((await issuedCodes(kept)).map(async (code) => known(code, journal)));
}

export async function known(code: OwnCode, journal: ShowingFile): Promise<KnownCode> {
  try {
    return { code, history: await journal.of(code.token.id) };
  } catch (error) {
    if (error instanceof LatchkeyError) {
      return { code, history: error };
    }
    throw error;
  }
}

/** Errors: `code_not_found`. */
export function codeNamed(codes: readonly KnownCode[], id: string): KnownCode {
  const found = codes.find(({ code }) => code.token.id === id);
  if (found === undefined) {
    throw new LatchkeyError('code_not_found', `This wallet holds no code ${id}.`);
  }
  return found;
}
