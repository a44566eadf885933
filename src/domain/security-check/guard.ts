/** Which services of its machine an application may look at: a wallet's, and a cash register's. */
export const guardPoints = ['pay', 'code', 'charge', 'access', 'register-charge', 'register-access', 'register-code'] as const;
export type GuardPoint = (typeof guardPoints)[number];

/** Of which kind the services there are: what moves money is a payment, what lets somebody in a door. */
export function kindAt(guard: GuardPoint): 'payment' | 'door' {
  return guard === 'access' || guard === 'register-access' ? 'door' : 'payment';
}
