import { asSentence } from '../../domain/shown-text.ts';
import { toLatchkeyError } from '../failure.ts';

/** Something that is done once the money is taken. */
export interface AfterCharge {
  /** What is said of it if it fails, as the second half of a sentence. */
  readonly failure: string;
  /** What can be done then, as a sentence. */
  readonly wayOut: string;
}

/** What it brought, or why it failed, in sentences. */
export interface Followed<T> {
  readonly done: T | undefined;
  readonly trouble: string | undefined;
}

/**
 * Whatever becomes of what follows a charge, and whatever is thrown there, the charge stands: a script that took it for
 * failed would charge again.
 */
export async function afterCharge<T>(what: AfterCharge, work: () => Promise<T>): Promise<Followed<T>> {
  try {
    return { done: await work(), trouble: undefined };
  } catch (error) {
    return { done: undefined, trouble: chargeStands(what, error) };
  }
}

export function chargeStands({ failure, wayOut }: AfterCharge, error: unknown): string {
  return `It is charged, but ${failure}. ${asSentence(toLatchkeyError(error).message)} ${wayOut}`;
}

export const passwordFailure = 'the Wi-Fi password could not be handed over';
