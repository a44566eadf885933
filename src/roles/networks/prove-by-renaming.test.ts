import { expect, test } from 'vitest';
import { LatchkeyError } from '../../domain/errors.ts';
import type { HeardNetwork } from '../../domain/heard-network.ts';
import type { Challenge, ChallengeState } from '../../domain/network.ts';
import { proveByRenaming, type ProvingByRenaming, type ProvingEvent } from './prove-by-renaming.ts';

const bytes = (text: string) => Uint8Array.from(Buffer.from(text));
const bssid = '02:00:00:00:01:00';
const open: Challenge = {
  id: 'chl_1', networkId: 'net_1', accountId: 'acc_1', terminalId: 'tok_1', first: bytes('Home'), second: bytes('Home-abcdefghij'), bssids: [bssid], security: 'wpa2-psk',
  state: 'pending', witnesses: 0, witnessed: 0, errors: [], createdAt: new Date(0), expiresAt: new Date(3_600_000), decidedAt: undefined,
};

/** A network that is called as it was told. */
class Air {
  name = open.first;
  readonly steps: string[] = [];
  readonly confirmed: (readonly HeardNetwork[])[] = [];
  readonly events: ProvingEvent[] = [];
  readonly interruption = new AbortController();
  /** What the server says of each scan; the last holds. */
  verdicts: (ChallengeState | LatchkeyError)[] = ['valid'];
  /** What happens at a step instead. */
  failing: Partial<Record<'pre' | 'set' | 'restore', () => void>> = {};
  isHeard = true;
  pauses = 0;

  async prove(options: Partial<ProvingByRenaming> = {}): Promise<Challenge> {
    const step = (name: 'pre' | 'set' | 'restore', ssid: Uint8Array) => async () => {
      this.steps.push(name);
      this.failing[name]?.();
      this.name = ssid;
    };
    return proveByRenaming(open, {
      renaming: { description: '', prepare: step('pre', open.first), set: step('set', open.second), restore: step('restore', open.first) },
      networks: {
        confirm: async (_, heard) => {
          this.confirmed.push(heard);
          const verdict = this.verdicts.length > 1 ? this.verdicts.shift()! : this.verdicts[0]!;
          if (verdict instanceof LatchkeyError) throw verdict;
          return { ...open, state: verdict };
        },
      },
      hear: async () => (this.isHeard ? [{ bssid, ssid: this.name, signalDbm: -50, frequencyMhz: 2412, security: 'wpa2-psk', ageMs: 10 }] : []),
      pause: async () => void (this.pauses += 1),
      signal: this.interruption.signal,
      withinMs: 5_000,
      restoreMs: 5_000,
      tell: (event) => void this.events.push(event),
      ...options,
    });
  }
}

const failure = new LatchkeyError('renaming_failed', 'no');

test('renames, is judged by what is heard, and sets the name back', async () => {
  const air = new Air();
  expect(await air.prove()).toMatchObject({ state: 'valid' });
  expect(air.steps).toEqual(['pre', 'set', 'restore']);
  expect(Buffer.from(air.confirmed[0]![0]!.ssid).toString()).toBe('Home-abcdefghij');
  expect(air.name).toEqual(open.first);
});

test('what is not judged yet is tried again; what is judged is not', async () => {
  const air = new Air();
  air.verdicts = ['processing', 'processing', 'invalid'];
  expect(await air.prove()).toMatchObject({ state: 'invalid' });
  expect(air.events.filter(({ kind }) => kind === 'attempted')).toHaveLength(2);
  expect(air.steps.at(-1)).toBe('restore');
});

test.each([
  ['pre', ['pre', 'restore']],
  ['set', ['pre', 'set', 'restore']],
] as const)('the name is set back where %s fails', async (step, steps) => {
  const air = new Air();
  air.failing[step] = () => { throw failure; };
  await expect(air.prove()).rejects.toBe(failure);
  expect(air.steps).toEqual(steps);
});

test.each(['pre', 'set'] as const)('the name is set back when it is interrupted during %s', async (step) => {
  const air = new Air();
  air.failing[step] = () => air.interruption.abort(new LatchkeyError('interrupted'));
  await expect(air.prove()).rejects.toMatchObject({ code: 'interrupted' });
  expect(air.steps.at(-1)).toBe('restore');
});

test('the name is set back when it is interrupted while it waits', async () => {
  const air = new Air();
  air.isHeard = false;
  await expect(air.prove({ pause: async () => air.interruption.abort(new LatchkeyError('interrupted')) })).rejects.toMatchObject({ code: 'interrupted' });
  expect(air.steps).toEqual(['pre', 'set', 'restore']);
});

test('the name is set back while the scan that hangs is left behind', async () => {
  const air = new Air();
  const proving = air.prove({ hear: () => { queueMicrotask(() => air.interruption.abort(new LatchkeyError('interrupted'))); return new Promise(() => {}); } });
  await expect(proving).rejects.toMatchObject({ code: 'interrupted' });
  expect(air.steps.at(-1)).toBe('restore');
});

test('the name is set back when nobody hears the new one, which is an error', async () => {
  const air = new Air();
  air.isHeard = false;
  await expect(air.prove({ withinMs: 1, pause: ended })).rejects.toMatchObject({ code: 'timed_out', message: 'The new name was not heard in time.' });
  expect(air.steps.at(-1)).toBe('restore');
  expect(air.confirmed).toEqual([]);
});

test('the name is set back when the server refuses', async () => {
  const air = new Air();
  air.verdicts = [new LatchkeyError('challenge_over')];
  await expect(air.prove()).rejects.toMatchObject({ code: 'challenge_over' });
  expect(air.steps.at(-1)).toBe('restore');
});

test('when the time is over the last word of the server is the result', async () => {
  const air = new Air();
  air.verdicts = ['processing'];
  expect(await air.prove({ withinMs: 1, pause: ended })).toMatchObject({ state: 'processing' });
});

test('a scan that fails is made again', async () => {
  const air = new Air();
  let times = 0;
  const hear = async () => {
    times += 1;
    if (times === 1) throw new LatchkeyError('scan_unavailable');
    return [{ bssid, ssid: air.name, signalDbm: undefined, frequencyMhz: undefined, security: 'wpa2-psk' as const, ageMs: 0 }];
  };
  expect(await air.prove({ hear })).toMatchObject({ state: 'valid' });
  expect(air.events.map(({ kind }) => kind)).toEqual(['preparing', 'renaming', 'waiting', 'deaf', 'restoring', 'restored']);
});

test('where the server is reached by that very network, what was heard is sent once the name is set back', async () => {
  const air = new Air();
  const away = new LatchkeyError('remote_unreachable');
  const confirm: ProvingByRenaming['networks']['confirm'] = async (_, heard) => {
    if (air.name !== open.first) throw away;
    air.confirmed.push(heard);
    return { ...open, state: 'valid' };
  };
  expect(await air.prove({ networks: { confirm }, withinMs: 1, pause: ended })).toMatchObject({ state: 'valid' });
  expect(air.steps).toEqual(['pre', 'set', 'restore']);
  expect(Buffer.from(air.confirmed[0]![0]!.ssid).toString()).toBe('Home-abcdefghij');
  expect(air.confirmed[0]![0]!.ageMs).toBeGreaterThanOrEqual(10);
});

test('that the name was not set back goes before everything else', async () => {
  const air = new Air();
  air.failing = { set: () => { throw new LatchkeyError('interrupted'); }, restore: () => { throw failure; } };
  await expect(air.prove()).rejects.toMatchObject({ code: 'name_not_restored', message: 'The name of the network was not set back: no' });
  expect(air.events.at(-1)).toMatchObject({ kind: 'not_restored' });
});

/** Pauses until the time is over. */
async function ended(signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => (signal.aborted ? resolve() : signal.addEventListener('abort', () => resolve(), { once: true })));
}
