import type { MeterReading, MeterSide } from '../../domain/meter.ts';
import type { ShareRequest, ShareRequestState } from '../../domain/share-request.ts';
import type { Page, PageRequest } from '../page.ts';
import type { HourOfTraffic } from './ports.ts';

export interface ShareRequestQuery {
  /** Of this guest, or of one of these sharers; with both, those that are either's. */
  readonly guestTerminalId?: string | undefined;
  readonly sharerAccountIds?: readonly string[] | undefined;
  readonly networkId?: string | undefined;
  readonly offerId?: string | undefined;
  readonly kind?: ShareRequest['kind'] | undefined;
  readonly states?: readonly ShareRequestState[] | undefined;
}

export type ShareRequestChange = Partial<Pick<ShareRequest, 'apId' | 'paymentId' | 'grantId' | 'dueAt' | 'paidAt' | 'endedAt' | 'reason' | 'returned' | 'owed'>> & { readonly state: ShareRequestState };

export interface ShareRequestRepository {
  insert(request: ShareRequest): Promise<void>;
  find(id: string): Promise<ShareRequest | undefined>;
  /** Compare-and-set on the state; undefined if it was none of `from`. */
  change(id: string, from: readonly ShareRequestState[], change: ShareRequestChange): Promise<ShareRequest | undefined>;
  /** Newest first. */
  list(query: ShareRequestQuery, page: PageRequest): Promise<Page<ShareRequest>>;
  /** Of a grant those that something came of, or still may, oldest first. */
  ofGrant(grantId: string): Promise<ShareRequest[]>;
  /** That of a payment. */
  findByPayment(paymentId: string): Promise<ShareRequest | undefined>;
  /** Somebody gives back so much of a payment, in minor units: that much less is owed. */
  noteReturned(paymentId: string, minor: bigint): Promise<void>;
  /** Of these grants those of requests that are `ready`. */
  ready(grantIds: readonly string[]): Promise<ShareRequest[]>;
  /** Whether a request that is not over, or of which money is owed, is paid to or from an account. */
  concerns(accountId: string): Promise<boolean>;
  /** Whose time in their state is over, of those that money is owed of as well; the earliest first, and of those due together the oldest. */
  due(at: Date, limit: number): Promise<ShareRequest[]>;
  /** Whether an account has bought something of a network, or is about to: the free allowance does not come with the next. */
  hasBought(accountId: string, networkId: string): Promise<boolean>;

  putCode(id: string, sealed: string): Promise<void>;
  code(id: string): Promise<string | undefined>;
  removeCode(id: string): Promise<void>;
  /** False if that threshold was warned of before. */
  noteWarning(id: string, threshold: string, at: Date): Promise<boolean>;

  /**
   * Takes the place of the side's earlier one, if none of its counts goes back and that was not the last; what the sharer's
   * has more is added to the hour in which it was read. False if it says nothing new.
   */
  read(reading: MeterReading, networkId: string): Promise<boolean>;
  readings(grantId: string): Promise<Readonly<Partial<Record<MeterSide, MeterReading>>>>;
  /** Bytes by whole hours, of grants of these networks, as their sharers counted. */
  hours(networkIds: readonly string[], from: Date, to: Date): Promise<readonly HourOfTraffic[]>;
}
