import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client';

/** How one route's answers are counted: the labels are from our own tables, never from a request. */
export interface RouteMetrics {
  observe(status: number, seconds: number): void;
}

const buckets = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 30];

let processRegistry: Registry | undefined;

/** Memory, CPU, event loop: the process's own, observed once however many servers it holds. */
function processMetrics(): Registry {
  if (processRegistry === undefined) {
    processRegistry = new Registry();
    collectDefaultMetrics({ register: processRegistry });
  }
  return processRegistry;
}

export class Metrics {
  readonly #registry = new Registry();
  readonly #requests: Counter<'method' | 'route' | 'status'>;
  readonly #seconds: Histogram<'method' | 'route'>;
  readonly #failures: Counter<'task'>;

  constructor(connections: () => number) {
    const registers = [this.#registry];
    processMetrics();
    this.#requests = new Counter({
      name: 'latchkey_http_requests_total',
      help: 'Answered requests',
      labelNames: ['method', 'route', 'status'],
      registers,
    });
    this.#seconds = new Histogram({
      name: 'latchkey_http_request_duration_seconds',
      help: 'Time from request to answer',
      labelNames: ['method', 'route'],
      buckets,
      registers,
    });
    this.#failures = new Counter({
      name: 'latchkey_background_failures_total',
      help: 'Failed runs of what the server does by itself',
      labelNames: ['task'],
      registers,
    });
    new Gauge({
      name: 'latchkey_http_connections',
      help: 'Open connections',
      registers,
      collect() {
        this.set(connections());
      },
    });
  }

  route(method: string, route: string): RouteMetrics {
    const seconds = this.#seconds.labels({ method, route });
    const byStatus = new Map<number, { inc(): void }>();
    return {
      observe: (status, elapsed) => {
        let counter = byStatus.get(status);
        if (counter === undefined) {
          counter = this.#requests.labels({ method, route, status: String(status) });
          byStatus.set(status, counter);
        }
        counter.inc();
        seconds.observe(elapsed);
      },
    };
  }

  backgroundFailure(task: 'housekeeping' | 'journal'): void {
    this.#failures.inc({ task });
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  async render(): Promise<string> {
    return `${await this.#registry.metrics()}${await processMetrics().metrics()}`;
  }
}
