import { accessRequestToWire } from '../api/access-requests.ts';
import { LatchkeyError } from '../domain/errors.ts';
import type { Desk } from './desk.ts';
import { requestChoice } from './present/requests.ts';
import type { SecretSources } from './secret-input.ts';

/** Lets the person at the terminal choose among what is pending. Errors: `missing_input`, `request_not_found`. */
export async function pickRequest(desk: Desk, message: string, { interactive = false, signal }: SecretSources): Promise<string> {
  if (!interactive || signal === undefined) {
    throw new LatchkeyError('missing_input', 'REQUEST is missing, and nobody is here to choose: see `ap requests`.');
  }
  const { items } = await desk.requests({ all: false }, { limit: 1000 });
  if (items.length === 0) {
    throw new LatchkeyError('request_not_found', 'Nothing is waiting to be let in.');
  }
  const { askWhich } = await import('./question.ts');
  const choices = items.map((request) => ({ name: requestChoice(accessRequestToWire(request)), value: request.id }));
  return askWhich(message, choices, signal);
}
