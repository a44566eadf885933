import type { Store } from '../../src/roles/store.ts';

type Repository = Exclude<keyof Store, 'transaction' | 'waitForRevision' | 'watchEvents' | 'ping' | 'close'>;

/** A store of which one operation of one repository does something else, inside of transactions too. */
export function withFault<R extends Repository, M extends keyof Store[R] & string>(
  store: Store,
  repository: R,
  method: M,
  instead: (original: () => Promise<unknown>) => Promise<unknown>,
): Store {
  const faulty = (real: Store[R]): Store[R] =>
    over(real, method, (...parameters: unknown[]) =>
      instead(() => (real[method] as (...all: unknown[]) => Promise<unknown>).apply(real, parameters)));
  const wrap = (inner: Store): Store =>
    over(over(inner, repository, faulty(inner[repository])), 'transaction', (work: (tx: Store) => Promise<unknown>) =>
      inner.transaction((tx) => work(wrap(tx))));
  return wrap(store);
}

function over<T extends object>(target: T, name: PropertyKey, value: unknown): T {
  return new Proxy(target, {
    get(real, asked) {
      if (asked === name) {
        return value;
      }
      const found: unknown = Reflect.get(real, asked, real);
      return typeof found === 'function' ? found.bind(real) : found;
    },
  });
}
