import { collectDefaultMetrics, Counter, Gauge, Registry, type Metric } from 'prom-client';

const bounds = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 30];

/** How one route was answered: plain counts, made into metrics when somebody asks. */
export class RouteMetrics {
  readonly labels: { readonly method: string; readonly route: string };
  readonly byStatus = new Map<number, number>();
  /** How many took at most each of the bounds and longer than the one before. */
  readonly within = new Float64Array(bounds.length + 1);
  seconds = 0;

  constructor(method: string, route: string) {
    this.labels = { method, route };
  }

  observe(status: number, seconds: number): void {
    this.byStatus.set(status, (this.byStatus.get(status) ?? 0) + 1);
    this.seconds += seconds;
    let bucket = 0;
    while (bucket < bounds.length && seconds > bounds[bucket]!) {
      bucket += 1;
    }
    this.within[bucket]! += 1;
  }
}

/** What the server does by itself. */
export type BackgroundTask = 'housekeeping' | 'journal' | 'topups' | 'verifications' | 'streams';

let processRegistry: Registry | undefined;

/** Memory, CPU, event loop: the process's own, observed once however many servers it holds. */
function processMetrics(): Registry {
  if (processRegistry === undefined) {
    processRegistry = new Registry();
    collectDefaultMetrics({ register: processRegistry });
  }
  return processRegistry;
}

/** The labels are from our own tables, never from a request: there are as many series as routes and statuses. */
export class Metrics {
  readonly #registry = new Registry();
  readonly #routes: RouteMetrics[] = [];
  readonly #failures: Counter<'task'>;

  constructor(connections: () => number) {
    processMetrics();
    this.#register('latchkey_http_requests_total', 'Answered requests', 'counter', () => this.#requests());
    this.#register('latchkey_http_request_duration_seconds', 'Time from request to answer', 'histogram', () => this.#durations());
    const registers = [this.#registry];
    this.#failures = new Counter({
      name: 'latchkey_background_failures_total',
      help: 'Failed runs of what the server does by itself',
      labelNames: ['task'],
      registers,
    });
    this.gauge('latchkey_http_connections', 'Open connections', connections);
  }

  gauge(name: string, help: string, read: () => number): void {
    new Gauge({
      name,
      help,
      registers: [this.#registry],
      collect() {
        this.set(read());
      },
    });
  }

  route(method: string, route: string): RouteMetrics {
    const metrics = new RouteMetrics(method, route);
    this.#routes.push(metrics);
    return metrics;
  }

  backgroundFailure(task: BackgroundTask): void {
    this.#failures.inc({ task });
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  async render(): Promise<string> {
    return `${await this.#registry.metrics()}${await processMetrics().metrics()}`;
  }

  /** prom-client's own counters and histograms would cost a tenth of a short request. */
  #register(name: string, help: string, type: 'counter' | 'histogram', values: () => object[]): void {
    const metric = { name, help, type, aggregator: 'sum', async get() { return { ...this, values: values() }; } };
    this.#registry.registerMetric(metric as unknown as Metric);
  }

  #requests(): object[] {
    return this.#routes.flatMap(({ labels, byStatus }) =>
      [...byStatus].map(([status, value]) => ({ labels: { ...labels, status: String(status) }, value })),
    );
  }

  #durations(): object[] {
    const name = 'latchkey_http_request_duration_seconds';
    return this.#routes
      .filter(({ byStatus }) => byStatus.size > 0)
      .flatMap(({ labels, within, seconds }) => {
        let count = 0;
        const buckets = [...within].map((value, index) => {
          count += value;
          return { metricName: `${name}_bucket`, labels: { ...labels, le: bounds[index] ?? '+Inf' }, value: count };
        });
        return [
          ...buckets,
          { metricName: `${name}_sum`, labels, value: seconds },
          { metricName: `${name}_count`, labels, value: count },
        ];
      });
  }
}
