import { expect, test } from 'vitest';
import { LatchkeyError } from '../../domain/errors.ts';
import { CounterDesk, type CounterEvent } from './counter-desk.ts';
import type { CounterService } from './counter.ts';

test('a reader that goes and comes is told when it does, and not with the first card', async () => {
  const stop = new AbortController();
  const told: string[] = [];
  let looks = 0;
  const desk = new CounterDesk({
    counter: {} as CounterService,
    reader: {
      async *cards(signal, ready) {
        looks += 1;
        // There, unplugged, still away, and there again.
        if (looks === 2) throw new LatchkeyError('reader_not_found');
        ready?.();
        if (looks === 1) throw new LatchkeyError('reader_not_found');
        if (!signal.aborted) throw new Error('it was not told twice before any card');
      },
    },
    writeTag: async () => {},
    random: { bytes: (length) => new Uint8Array(length) },
    onEvent: (event: CounterEvent) => {
      told.push(event.kind === 'reader' ? event.state.kind : event.kind);
      if (told.length === 3) stop.abort();
    },
    failed: () => {},
    readerPauseMs: 1,
  });
  await desk.serveReader(stop.signal);
  expect([told, looks]).toEqual([['ready', 'away', 'ready'], 3]);
});
