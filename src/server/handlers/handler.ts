import type { BodyOf, ParamsOf, QueryOf, ReplyOf, RouteName, Routes } from '../../api/routes.ts';
import type { EventSource } from '../event-streams.ts';
import type { Services } from '../services.ts';

/** One checked request, and who asks. */
export interface Call<R> {
  readonly params: ParamsOf<R>;
  readonly query: QueryOf<R>;
  readonly body: BodyOf<R>;
  /** The `Idempotency-Key`, where the service itself keeps it. */
  readonly key: string | undefined;
  /** What the client heard last of a stream. */
  readonly lastEventId: string | undefined;
  readonly services: Services;
  /** Aborted when the caller is gone or the server stops: what waits answers at once. */
  readonly signal: () => AbortSignal;
}

/** A reply that is JSON already. */
export class JsonText {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

type Answer<R> = R extends { readonly streams: true } ? EventSource : ReplyOf<R> | JsonText;

export type Handler<N extends RouteName> = (call: Call<Routes[N]>) => Promise<Answer<Routes[N]>>;

/** Some routes' handlers; parse, ask the role's service, render. */
export type Handlers<N extends RouteName> = { readonly [Name in N]: Handler<Name> };
