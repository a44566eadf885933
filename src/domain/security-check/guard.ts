import { LatchkeyError, type InputProblem } from '../errors.ts';

/** Which services of its machine an application may look at: a wallet's, and a cash register's. */
export const guardPoints = ['pay', 'code', 'charge', 'access', 'register-charge', 'register-access', 'register-code'] as const;
export type GuardPoint = (typeof guardPoints)[number];

/** Of which kind the services there are: what moves money is a payment, what lets somebody in a door. */
export function kindAt(guard: GuardPoint): 'payment' | 'door' {
  return guard === 'access' || guard === 'register-access' ? 'door' : 'payment';
}

interface Guards {
  readonly kind: string;
  readonly guards: readonly GuardPoint[];
}

/** The first of its guards whose services are of another kind, if one is: it would terminate everything there. */
export function guardMisfit({ kind, guards }: Guards): InputProblem | undefined {
  const at = guards.findIndex((guard) => kindAt(guard) !== kind);
  return at < 0 ? undefined : { pointer: `/guards/${at}`, detail: `is for applications of the kind ${kindAt(guards[at]!)}, and this is of the kind ${kind}: it would terminate everything` };
}

/** Errors: `invalid_input` for a guard whose services are of another kind. */
export function requireFittingGuards(application: Guards): void {
  const misfit = guardMisfit(application);
  if (misfit !== undefined) {
    throw new LatchkeyError('invalid_input', 'The card application guards what it does not fit.', { problems: [misfit] });
  }
}
