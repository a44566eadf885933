import { expect, test } from 'vitest';
import { LatchkeyError } from '../../domain/errors.ts';
import type { PushedRadio } from './radio.ts';
import { StationWatch } from './station-watch.ts';

test('who asks for the stations of a radio that is away hears that it is, and counting goes on', async () => {
  const logged: string[] = [];
  const radio = { watch: () => {}, stations: async () => Promise.reject(new LatchkeyError('radio_unreachable', 'hostapd has ended.')) };
  const watch = new StationWatch({
    radio: radio as unknown as PushedRadio,
    log: (_level: string, message: string) => logged.push(message),
  } as unknown as ConstructorParameters<typeof StationWatch>[0]);
  await expect(watch.count()).rejects.toMatchObject({ code: 'radio_unreachable' });
  await watch.tick(5);
  expect(logged).toEqual(['The radio does not say who is on.']);
});
