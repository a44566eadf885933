import { LatchkeyError } from '../domain/errors.ts';
import type { Exchange } from './exchange.ts';
import type { RouteMetrics } from './metrics.ts';

export type PathParams = Readonly<Record<string, string>>;

/** What answers at one path to one method; it answers, or throws what is then refused. */
export interface Endpoint {
  readonly method: 'GET' | 'POST' | 'PUT';
  /** With `{name}` where a parameter stands. */
  readonly path: string;
  readonly metrics: RouteMetrics;
  serve(exchange: Exchange, params: PathParams): Promise<void>;
}

type Match =
  | { readonly endpoint: Endpoint; readonly params: PathParams }
  /** The path is there, but not for this method. */
  | { readonly allowed: readonly string[] }
  | undefined;

interface Pattern {
  readonly expression: RegExp;
  readonly byMethod: Map<string, Endpoint>;
}

const noParams: PathParams = {};

export class Router {
  readonly #fixed = new Map<string, Map<string, Endpoint>>();
  readonly #patterns = new Map<string, Pattern>();

  constructor(endpoints: readonly Endpoint[]) {
    for (const endpoint of endpoints) {
      this.#methodsAt(endpoint.path).set(endpoint.method, endpoint);
    }
  }

  /** Errors: `invalid_input` for a path that is not well-formed. */
  find(method: string, path: string): Match {
    const wanted = method === 'HEAD' ? 'GET' : method;
    const byMethod = this.#fixed.get(path);
    if (byMethod !== undefined) {
      const endpoint = byMethod.get(wanted);
      return endpoint === undefined ? { allowed: methodsOf(byMethod) } : { endpoint, params: noParams };
    }
    for (const pattern of this.#patterns.values()) {
      const match = pattern.expression.exec(path);
      if (match !== null) {
        const endpoint = pattern.byMethod.get(wanted);
        return endpoint === undefined
          ? { allowed: methodsOf(pattern.byMethod) }
          : { endpoint, params: decode(match.groups ?? {}) };
      }
    }
    return undefined;
  }

  #methodsAt(path: string): Map<string, Endpoint> {
    if (!path.includes('{')) {
      const byMethod = this.#fixed.get(path) ?? new Map<string, Endpoint>();
      this.#fixed.set(path, byMethod);
      return byMethod;
    }
    const pattern = this.#patterns.get(path) ?? {
      expression: new RegExp(`^${path.replace(/\{(\w+)\}/g, '(?<$1>[^/]+)')}$`),
      byMethod: new Map<string, Endpoint>(),
    };
    this.#patterns.set(path, pattern);
    return pattern.byMethod;
  }
}

function methodsOf(byMethod: ReadonlyMap<string, Endpoint>): string[] {
  return [...byMethod.keys()].flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method]));
}

function decode(groups: Record<string, string>): PathParams {
  try {
    return Object.fromEntries(Object.entries(groups).map(([name, value]) => [name, decodeURIComponent(value)]));
  } catch (error) {
    throw new LatchkeyError('invalid_input', 'The path is not well-formed.', { cause: error });
  }
}
