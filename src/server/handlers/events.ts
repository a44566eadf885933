import { liveEventsToSent, parseEventNumber } from '../../api/events.ts';
import { LatchkeyError } from '../../domain/errors.ts';
import type { Handlers } from './handler.ts';

export const eventHandlers: Handlers<'streamEvents'> = {
  async streamEvents({ services, lastEventId = '' }) {
    // No id at all, as a client has it that has heard of none.
    const after = lastEventId === '' ? undefined : parseEventNumber(lastEventId);
    if (lastEventId !== '' && after === undefined) {
      throw new LatchkeyError('invalid_input', 'A Last-Event-ID is the id of an event that came earlier: a number.');
    }
    return async function* sent(signal) {
      for await (const found of services.events.follow(after, signal)) {
        yield liveEventsToSent(found);
      }
    };
  },
};
