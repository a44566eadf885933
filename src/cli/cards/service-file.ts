import { readCardService, type CardService } from '../../api/card-service.ts';
import { LatchkeyError } from '../../domain/errors.ts';
import type { Decision } from '../../domain/security-check/decision.ts';
import { readJsonFile } from '../json-file.ts';

const largestService = 1024 * 1024;

/** A service and its history in a file, or `-` for standard input. Errors: those of `readJsonFile` and `readCardService`. */
export async function readServiceFile(path: string, flag: string, signal: AbortSignal): Promise<CardService> {
  return readCardService(await readJsonFile(path, flag, { what: 'a service', mostBytes: largestService, signal }));
}

/** Errors: `invalid_input` if both are to come from standard input. */
export function requireTwoInputs({ policy, data }: { readonly policy?: string | undefined; readonly data: string }): void {
  if (policy === '-' && data === '-') {
    throw new LatchkeyError('invalid_input', 'Only one of the two files can be standard input.');
  }
}

/** What a decision ends a command with: `service_terminated` or `answer_needed`, with the checks that ask for it. */
export function refusalOf({ outcome, application, checks }: Decision): LatchkeyError | undefined {
  if (outcome === 'allow') {
    return undefined;
  }
  const failed = checks.filter(({ effect }) => effect !== 'none').map(({ id }) => id);
  const because = `${failed.slice(0, 10).join(', ')}${failed.length > 10 ? ` and ${failed.length - 10} more` : ''}`;
  return outcome === 'terminate'
    ? new LatchkeyError('service_terminated', `${application} terminates the service: ${because}.`)
    : new LatchkeyError('answer_needed', `${application} asks for a confirmation: ${because}.`, { hint: 'Have its user or the server confirm the service, and check it again with "confirmed": true.' });
}
