import { accessRoutes } from './access-routes.ts';
import { auditRoutes } from './audit-routes.ts';
import { codeRoutes } from './code-routes.ts';
import { cardRoutes } from './card-routes.ts';
import { deviceRoutes } from './device-routes.ts';
import { ledgerRoutes } from './ledger-routes.ts';
import { networkRoutes } from './network-routes.ts';
import { offerRoutes } from './offer-routes.ts';
import { registerRoutes } from './register-routes.ts';
import { eventRoutes } from './event-routes.ts';
import type { Route } from './route.ts';
import type { Static } from './schema.ts';
import { shareRoutes } from './share-routes.ts';
import { tokenRoutes } from './token-routes.ts';

/** All that can be asked over HTTP. */
export const routes = {
  ...tokenRoutes,
  ...deviceRoutes,
  ...accessRoutes,
  ...auditRoutes,
  ...ledgerRoutes,
  ...registerRoutes,
  ...codeRoutes,
  ...cardRoutes,
  ...offerRoutes,
  ...eventRoutes,
  ...networkRoutes,
  ...shareRoutes,
} as const satisfies Record<string, Route>;

export type Routes = typeof routes;
export type RouteName = keyof Routes;

type Part<R, Name extends 'params' | 'query' | 'body' | 'reply'> = R extends { readonly [N in Name]: infer S } ? Static<S> : undefined;
export type ParamsOf<R> = Part<R, 'params'>;
export type QueryOf<R> = Part<R, 'query'>;
export type BodyOf<R> = Part<R, 'body'>;
export type ReplyOf<R> = Part<R, 'reply'>;
