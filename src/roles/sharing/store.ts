import type { MeterReading, MeterSide } from '../../domain/meter.ts';
import type { ShareRequest, ShareRequestState } from '../../domain/share-request.ts';
import type { Page, PageRequest } from '../page.ts';

export interface ShareRequestQuery {
  /** Those that one of these terminals or accounts takes part in. */
  readonly guestTerminalId?: string | undefined;
  readonly sharerAccountIds?: readonly string[] | undefined;
  readonly networkId?: string | undefined;
  readonly states?: readonly ShareRequestState[] | undefined;
}

export type ShareRequestChange = Partial<Pick<ShareRequest, 'paymentId' | 'grantId' | 'dueAt' | 'paidAt' | 'endedAt' | 'reason' | 'returned' | 'owed'>> & { readonly state: ShareRequestState };

export interface ShareRequestRepository {
  insert(request: ShareRequest): Promise<void>;
  find(id: string): Promise<ShareRequest | undefined>;
  /** Compare-and-set on the state; undefined if it was none of `from`. */
  change(id: string, from: readonly ShareRequestState[], change: ShareRequestChange): Promise<ShareRequest | undefined>;
  /** Newest first. */
  list(query: ShareRequestQuery, page: PageRequest): Promise<Page<ShareRequest>>;
  /** All of a grant, oldest first. */
  ofGrant(grantId: string): Promise<ShareRequest[]>;
  /** Whose time in their state is over, of those that money is owed of as well. */
  due(at: Date, limit: number): Promise<ShareRequest[]>;
  /** Whether an account has had something of a network before, which the free allowance does not come with again. */
  hasBought(accountId: string, networkId: string): Promise<boolean>;

  putCode(id: string, sealed: string): Promise<void>;
  code(id: string): Promise<string | undefined>;
  removeCode(id: string): Promise<void>;
  /** False if that threshold was warned of before. */
  noteWarning(id: string, threshold: string, at: Date): Promise<boolean>;

  /** Keeps the later of each count, and adds what is new of it to the hour it was read in. */
  read(reading: MeterReading): Promise<void>;
  readings(grantId: string): Promise<Readonly<Partial<Record<MeterSide, MeterReading>>>>;
  /** Bytes by whole hours, of grants of these networks, as their sharers counted. */
  hours(networkIds: readonly string[], from: Date, to: Date): Promise<readonly { readonly hour: Date; readonly bytesIn: bigint; readonly bytesOut: bigint }[]>;
}
