import type { Clock } from '../domain/clock.ts';
import { LatchkeyError } from '../domain/errors.ts';
import { once, type IdempotentRequest, type Reply } from '../roles/idempotency.ts';
import type { Store } from '../roles/store.ts';

/**
 * One use of an `Idempotency-Key` (protocol.md section 3): the change and its reply are one transaction. A refusal is
 * a reply too and is kept if it can be rendered; 401, 429 and 5xx are not.
 * Errors: `idempotency_mismatch`, and what is not kept.
 */
export async function keepReply(
  store: Store,
  clock: Clock,
  use: IdempotentRequest,
  work: (tx: Store) => Promise<Reply>,
  renderRefusal: ((error: LatchkeyError) => Reply) | undefined,
): Promise<Reply> {
  try {
    return await once(store, clock, use, async (tx) => {
      const watched = watch(tx);
      try {
        return await work(watched.store);
      } catch (error) {
        // A service refuses after its own transaction, with what that changed (a request denied, say) committed.
        // If instead that transaction failed, all that was done here has to be undone.
        if (renderRefusal === undefined || !isFinal(error) || watched.failed()) {
          throw error;
        }
        return renderRefusal(error);
      }
    });
  } catch (error) {
    if (renderRefusal === undefined || !isFinal(error)) {
      throw error;
    }
    return once(store, clock, use, async () => renderRefusal(error));
  }
}

function isFinal(error: unknown): error is LatchkeyError {
  return (
    error instanceof LatchkeyError &&
    error.http >= 400 &&
    error.http < 500 &&
    error.http !== 401 &&
    error.http !== 429 &&
    error.code !== 'idempotency_mismatch'
  );
}

/** The same store, noticing whether a transaction that joined it failed. */
function watch(tx: Store): { readonly store: Store; readonly failed: () => boolean } {
  let failed = false;
  const transaction: Store['transaction'] = async (work) => {
    try {
      return await tx.transaction(async (inner) => work(watchedBy(inner)));
    } catch (error) {
      failed = true;
      throw error;
    }
  };
  const watchedBy = (inner: Store): Store =>
    new Proxy(inner, {
      get(target, name) {
        if (name === 'transaction') {
          return transaction;
        }
        const value: unknown = Reflect.get(target, name, target);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
  return { store: watchedBy(tx), failed: () => failed };
}
