import type { Client, ClientConfig } from 'pg';
import { setTimeout as delay } from 'node:timers/promises';

const firstPauseMs = 100;
const longestPauseMs = 5_000;

/** What to do with what is notified, by the names of channels. */
export type Heard = Readonly<Record<string, (payload: string) => void>>;

/**
 * Hears what is notified on some channels, over a connection of its own, from the first call of `start` until
 * `close`. A lost connection is made again; `missed` is called whenever something may have gone unheard.
 */
export class PostgresListener {
  readonly #Client: new (config: ClientConfig) => Client;
  readonly #config: ClientConfig;
  readonly #heard: Heard;
  readonly #missed: () => void;
  readonly #closing = new AbortController();
  #running: Promise<void> | undefined;
  #end: (() => void) | undefined;

  constructor(
    ClientClass: new (config: ClientConfig) => Client,
    config: ClientConfig,
    heard: Heard,
    missed: () => void,
  ) {
    this.#Client = ClientClass;
    this.#config = config;
    this.#heard = heard;
    this.#missed = missed;
  }

  start(): void {
    this.#running ??= this.#run();
  }

  async #run(): Promise<void> {
    let pauseMs = firstPauseMs;
    while (!this.#closing.signal.aborted) {
      if (await this.#listen()) {
        pauseMs = firstPauseMs;
      }
      await delay(pauseMs, undefined, { signal: this.#closing.signal }).catch(() => {});
      pauseMs = Math.min(pauseMs * 2, longestPauseMs);
    }
  }

  /** Listens until the connection ends; whether there was one. */
  async #listen(): Promise<boolean> {
    const client = new this.#Client(this.#config);
    const { promise: ended, resolve: end } = Promise.withResolvers<void>();
    // Why it ended makes no difference: whoever asks the database for something else is told.
    client.on('error', () => end());
    client.on('end', () => end());
    client.on('notification', ({ channel, payload }) => this.#heard[channel]?.(payload ?? ''));
    this.#end = end;
    try {
      await client.connect();
      await client.query(Object.keys(this.#heard).map((channel) => `listen ${channel}`).join('; '));
    } catch {
      await client.end().catch(() => {});
      return false;
    }
    this.#missed();
    await ended;
    await client.end().catch(() => {});
    return true;
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#end?.();
    await this.#running;
  }
}
