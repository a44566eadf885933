import { helloLifetimeMs, requestLifetimeMs, type AccessRequest } from '../../domain/access-request.ts';
import { isInForce, type Grant } from '../../domain/grant.ts';
import type { Hello } from './store.ts';

/**
 * Whether a hello's key still opens anything (protocol.md section 1): for 60 s; with a request, while that is
 * pending and for an hour after its approval, also once joined or declined, whose POSTs may repeat. A revoked or
 * ended grant ends it. A request that came to nothing can be asked about for another 60 s, so that a device that
 * keeps no connection open learns of it.
 */
export function isAlive(
  hello: Pick<Hello, 'createdAt'>,
  request: AccessRequest | undefined,
  grant: Grant | undefined,
  now: Date,
): boolean {
  const within = (since: Date | undefined, ms: number) => since !== undefined && now.getTime() < since.getTime() + ms;
  // A clock that had to go back has left behind what seems to be yet to come.
  const near = (at: Date | undefined, ms: number) => at !== undefined && Math.abs(now.getTime() - at.getTime()) < ms;
  const lately = (at: Date | undefined) => at !== undefined && at <= now && within(at, helloLifetimeMs);

  switch (request?.status) {
    case undefined:
      return near(hello.createdAt, helloLifetimeMs);
    case 'pending':
      return within(request?.expiresAt, helloLifetimeMs);
    case 'approved':
    case 'delivered':
    case 'joined':
      return near(request?.decidedAt, requestLifetimeMs) && (grant === undefined || isInForce(grant, now));
    case 'declined':
      return near(request?.decidedAt, requestLifetimeMs);
    case 'denied':
      return near(request?.decidedAt, helloLifetimeMs);
    case 'expired':
      return request?.decidedAt === undefined && (near(hello.createdAt, helloLifetimeMs) || lately(request?.expiresAt));
  }
}
