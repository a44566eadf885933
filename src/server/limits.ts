import type { Rate } from '../roles/rate-limit.ts';

/** What the server bears; generous for those who belong here, tight for those who guess. */
export interface Limits {
  readonly bodyBytes: number;
  readonly connections: number;
  readonly connectionsPerAddress: number;
  /** From the connection's begin or the end of the last request to the end of the next one's headers. */
  readonly headersMs: number;
  /** To the end of a request's body. */
  readonly requestMs: number;
  readonly handshakeMs: number;
  readonly keepAliveMs: number;
  /** Without a byte in either direction; longer than anybody waits for changes. */
  readonly silenceMs: number;
  /** Streams of events at once, in all and of one token. */
  readonly streams: number;
  readonly streamsPerToken: number;
  /** A stream on which nothing happened shows that it lives. */
  readonly heartbeatMs: number;
  /** How long a stream's client may leave what was sent to it. */
  readonly slowReaderMs: number;
  readonly perToken: Rate;
  readonly perAddress: Rate;
  /** Unknown tokens and enrolment codes, per address. */
  readonly guesses: Rate;
  /** What security checks terminated, per token that tells it: each is an entry of the audit log. */
  readonly tellings: Rate;
}

export const usualLimits: Limits = {
  bodyBytes: 65_536,
  connections: 10_000,
  connectionsPerAddress: 1_024,
  headersMs: 10_000,
  requestMs: 30_000,
  handshakeMs: 10_000,
  keepAliveMs: 65_000,
  silenceMs: 120_000,
  streams: 8_000,
  streamsPerToken: 16,
  heartbeatMs: 15_000,
  slowReaderMs: 30_000,
  perToken: { perSecond: 1_000, burst: 10_000 },
  perAddress: { perSecond: 2_000, burst: 20_000 },
  guesses: { perSecond: 0.5, burst: 20 },
  tellings: { perSecond: 0.1, burst: 100 },
};
