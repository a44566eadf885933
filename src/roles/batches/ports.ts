import type { Batch, BatchDetails, BatchDevice, BatchRevocation } from '../../domain/batch.ts';
import type { Page, PageRequest } from '../page.ts';

/** Devices that one step of a revocation has written, and where the next one begins; undefined after the last. */
export interface RevocationStep {
  readonly revoked: number;
  readonly next: string | undefined;
}

/**
 * Batches as a whole: a token sees those that its scope names, or all if its scope limits no devices; one for models
 * or for single devices sees none. Errors of all that name a batch: `batch_not_found`.
 */
export interface BatchesRole {
  /** In the order of their names. */
  list(page: PageRequest): Promise<Page<Batch>>;
  find(name: string): Promise<Batch>;
  /** Reads every device of it. */
  details(name: string): Promise<BatchDetails>;
  /** In the order of uuids. */
  devices(name: string, page: PageRequest): Promise<Page<BatchDevice>>;
  /**
   * From now on no device of the batch verifies, is approved or is registered, whoever adds it, for good. What they
   * have open is closed by `revokeNext`. The first revocation stays; again it is only told.
   */
  revoke(name: string, reason?: string): Promise<BatchRevocation>;
  /**
   * Closes the requests and grants of the next devices of a revoked batch and writes into them that they are revoked;
   * `after` is the `next` of the step before. A step that was done changes nothing. Errors: `invalid_input` if the
   * batch is not revoked.
   */
  revokeNext(name: string, after?: string): Promise<RevocationStep>;
}
