import { busyShare, usageOf } from './process-usage.ts';
import { quantile } from './statistics.ts';

export interface WindowOptions {
  readonly serverPid: number;
  readonly warmUpMs: number;
  readonly windowMs: number;
}

export interface LoadResult {
  readonly requests: number;
  readonly perSecond: number;
  /** Of the server's process, each request. */
  readonly cpuMicros: number;
  /** Of one core. */
  readonly serverBusy: number;
  readonly loadBusy: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** Counts a server's answers; those between `warmUpMs` and the end of the window are what it is measured by. */
export class LoadWindow {
  /** Since the start. */
  answered = 0;
  #latencies: number[] | undefined;

  /** `askedAt`: by `performance.now()`. */
  add(askedAt: number): void {
    this.answered += 1;
    this.#latencies?.push(performance.now() - askedAt);
  }

  async measure({ serverPid, warmUpMs, windowMs }: WindowOptions): Promise<LoadResult> {
    const reading = () => ({ answered: this.answered, server: usageOf(serverPid), load: usageOf(process.pid) });
    await new Promise((resolve) => setTimeout(resolve, warmUpMs));
    const before = reading();
    const latencies: number[] = (this.#latencies = []);
    await new Promise((resolve) => setTimeout(resolve, windowMs));
    const after = reading();
    this.#latencies = undefined;
    const requests = after.answered - before.answered;
    return {
      requests,
      perSecond: (requests * 1000) / (after.server.atMs - before.server.atMs),
      cpuMicros: ((after.server.cpuMs - before.server.cpuMs) * 1000) / requests,
      serverBusy: busyShare(before.server, after.server),
      loadBusy: busyShare(before.load, after.load),
      p50Ms: quantile(latencies, 0.5),
      p99Ms: quantile(latencies, 0.99),
    };
  }
}
