import { decisionToWire, type DecisionWire } from '../../api/card-decision.ts';
import { readService, serviceToWire } from '../../api/card-service.ts';
import { LatchkeyError } from '../../domain/errors.ts';
import type { CardLanguage } from '../../roles/card/ports.ts';
import { makeApplication } from './load-application.ts';

/** JSON, as it is published (docs/security-check.md). */
export const cardLanguage: CardLanguage = {
  application: (text) => makeApplication(parsed(text, 'The card application')),
  writeService: (service) => JSON.stringify(serviceToWire(service)),
  readService: (text) => readService(parsed(text, 'What is kept of a service')),
  writeDecision: (decision) => JSON.stringify(decisionToWire(decision)),
  readFailed: (text) =>
    (parsed(text, 'What is kept of a decision') as DecisionWire).checks.filter(({ effect }) => effect !== 'none').map(({ id, detail, reason }) => ({ id, detail, reason })),
};

/** Errors: `invalid_input`. */
function parsed(text: string, what: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new LatchkeyError('invalid_input', `${what} is not JSON.`, { cause: error });
  }
}
