import type { AccessRequest } from '../../domain/access-request.ts';
import type { Attempt } from '../../domain/audit.ts';
import type { Grant, GrantIncrease, GrantTerms } from '../../domain/grant.ts';
import type { Page, PageRequest } from '../page.ts';
import type { AccessPoint, GrantFilter, RequestFilter } from '../store.ts';

/** The owner's decisions, from anywhere; technicians read the same lists. */
export interface OwnerRole {
  requests(filter: RequestFilter, page: PageRequest): Promise<Page<AccessRequest>>;
  /** Errors: `request_not_found`. */
  request(id: string): Promise<AccessRequest>;
  /** Errors: `request_not_found`, `already_decided`, `request_expired`, `device_revoked`, `device_spent`. */
  approve(id: string, terms?: GrantTerms): Promise<AccessRequest>;
  deny(id: string, reason?: string): Promise<AccessRequest>;
  attempts(filter: { uuid?: string | undefined }, page: PageRequest): Promise<Page<Attempt & { readonly apId: string }>>;
  accessPoints(page: PageRequest): Promise<Page<AccessPoint>>;
  grants(filter: GrantFilter, page: PageRequest): Promise<Page<Grant>>;
  /** Errors: `grant_not_found`. */
  grant(id: string): Promise<Grant>;
  /** Errors: `grant_not_found`, `grant_over`, `invalid_input` (nothing is added, or there is nothing to add to). */
  increaseGrant(id: string, increase: GrantIncrease): Promise<Grant>;
  /** Revoking what is over changes nothing. */
  revokeGrant(id: string, reason?: string): Promise<Grant>;
}
