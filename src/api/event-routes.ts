import { liveEventSchema } from './events.ts';
import type { Route } from './route.ts';

/** What terminals are told while they listen. */
export const eventRoutes = {
  streamEvents: {
    method: 'GET',
    path: '/v1/events',
    summary: 'What happens from now on, or after `Last-Event-ID`; an event `gap` says that some are not kept any more, and that how things are is to be asked for',
    roles: ['terminal'],
    status: 200,
    reply: liveEventSchema,
    streams: true,
    errors: ['invalid_input'],
  },
} as const satisfies Record<string, Route>;
