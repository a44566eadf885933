import { describe, expect, test } from 'vitest';
import type { Challenge, Observation } from './network.ts';
import { isHeardInTime, judgeChallenge, observationToKeep, withChallengeError } from './network-ownership.ts';

const [first, second, third] = ['CoffeeHouse', 'CoffeeHouse-kiwcu2x3y4', 'Elsewhere'].map((name) => new TextEncoder().encode(name)) as [Uint8Array, Uint8Array, Uint8Array];
const hidden = new Uint8Array();
const [a, b, stranger] = ['02:00:00:00:01:00', '02:00:00:00:01:01', '02:00:00:00:09:00'] as const;
const begun = Date.parse('2026-11-25T08:00:00.000Z');

function at(seconds: number): Date {
  return new Date(begun + seconds * 1000);
}

function challenge(parts: Partial<Challenge> = {}): Challenge {
  return {
    id: 'chl_1', networkId: 'net_1', accountId: 'acc_1', terminalId: 'tok_sharer', first, second, bssids: [a], security: 'wpa2-psk', state: 'pending', witnesses: 0,
    witnessed: 0, errors: [], createdAt: at(0), expiresAt: at(1800), decidedAt: undefined, ...parts,
  };
}

function heard(observerId: string, bssid: string, ssid: Uint8Array, seconds: number, security: Observation['security'] = 'wpa2-psk'): Observation {
  return { challengeId: 'chl_1', observerId, isWitness: observerId !== 'own', bssid, ssid, security, signalDbm: -50, heardAt: at(seconds) };
}

/** As `state fault`. */
function verdict(of: Challenge, observations: readonly Observation[], seconds: number, stale: readonly string[] = []): string {
  const { state, error } = judgeChallenge(of, observations, at(seconds), stale);
  expect(error?.detail ?? 'x').toMatch(/\.$|^x$/);
  return error === undefined ? state : `${state} ${error.fault}`;
}

describe('what the sharer hears', () => {
  test.each<[string, readonly Observation[], readonly string[], string]>([
    ['both radios under the new name', [heard('own', a, second, 10), heard('own', b, second, 9)], [], 'valid'],
    ['a network of others beside them', [heard('own', a, second, 10), heard('own', b, second, 9), heard('own', stranger, third, 9)], [], 'valid'],
    ['the new name from a third radio, too', [heard('own', a, second, 10), heard('own', b, second, 9), heard('own', stranger, second, 9)], [], 'valid'],
    ['the old name long before the new one', [heard('own', a, first, 2), heard('own', a, second, 10), heard('own', b, second, 9)], [], 'valid'],
    ['hidden names beside it', [heard('own', a, hidden, 10), heard('own', a, second, 10), heard('own', b, second, 9)], [], 'valid'],
    ['nothing', [], [], 'processing not_seen'],
    ['one of them alone', [heard('own', a, second, 10)], [], 'processing not_seen'],
    ['one of them hidden', [heard('own', a, second, 10), heard('own', b, hidden, 10)], [], 'processing not_seen'],
    ['the old name', [heard('own', a, first, 10), heard('own', b, first, 10)], [], 'processing still_first'],
    ['one renamed, one not yet', [heard('own', a, second, 10), heard('own', b, first, 10)], [], 'processing still_first'],
    ['the old name just before the new one', [heard('own', a, first, 8), heard('own', a, second, 10), heard('own', b, second, 9)], [], 'processing still_first'],
    ['the old name long after the new one', [heard('own', a, second, 4), heard('own', a, first, 10), heard('own', b, second, 9)], [], 'processing still_first'],
    ['another name', [heard('own', a, third, 10), heard('own', b, third, 10)], [], 'invalid wrong_name'],
    ['another name after the old one', [heard('own', a, first, 2), heard('own', a, third, 10)], [], 'invalid wrong_name'],
    ['the old name after another one', [heard('own', a, third, 2), heard('own', a, first, 10), heard('own', b, first, 10)], [], 'processing still_first'],
    ['one under the new name, one under another', [heard('own', a, second, 10), heard('own', b, third, 10)], [], 'invalid bssid_conflict'],
    ['another name while a stranger has the new one', [heard('own', a, third, 10), heard('own', stranger, second, 10)], [], 'invalid bssid_conflict'],
    ['one radio under the new name and another', [heard('own', a, second, 10), heard('own', a, third, 9), heard('own', b, second, 9)], [], 'invalid bssid_conflict'],
    ['one radio under the new name and right after it the old one', [heard('own', a, second, 9), heard('own', a, first, 10), heard('own', b, second, 9)], [], 'invalid bssid_conflict'],
    ['the new name from a stranger alone', [heard('own', stranger, second, 10)], [], 'processing wrong_radio'],
    ['the new name from a stranger, its own still under the old', [heard('own', a, first, 10), heard('own', b, second, 10), heard('own', stranger, second, 10)], [], 'processing wrong_radio'],
    ['another security', [heard('own', a, second, 10), heard('own', b, second, 9, 'open')], [], 'invalid security_changed'],
    ['both securities from one radio', [heard('own', a, second, 10, 'open'), heard('own', a, second, 9), heard('own', b, second, 9)], [], 'invalid security_changed'],
    ['what is stale', [heard('own', a, second, 10)], [b], 'processing stale_scan'],
    ['what was on the air before the challenge', [heard('own', a, second, -1), heard('own', b, second, -1)], [a, b], 'processing stale_scan'],
  ])('%s', (_, observations, stale, expected) => {
    expect(verdict(challenge({ bssids: [a, b] }), observations, 10, stale)).toBe(expected);
  });

  test('what was handed over long ago belongs to no later scan', () => {
    expect(verdict(challenge(), [heard('own', a, second, 10)], 130)).toBe('valid');
    expect(verdict(challenge(), [heard('own', a, second, 10)], 131)).toBe('processing not_seen');
  });

  test('names are compared by their bytes', () => {
    const ssid = Uint8Array.of(27, 255, 0);
    expect(verdict(challenge({ second: ssid }), [heard('own', a, Uint8Array.of(27, 255, 0), 1)], 2)).toBe('valid');
    expect(verdict(challenge({ second: ssid }), [heard('own', a, Uint8Array.of(27, 255), 1)], 2)).toBe('invalid wrong_name');
  });

  test('a scan is in time from the challenge on, and for a minute', () => {
    expect([at(-0.001), at(0), at(10)].map((moment) => isHeardInTime(challenge(), moment, at(20)))).toEqual([false, true, true]);
    expect([at(39.999), at(40)].map((moment) => isHeardInTime(challenge(), moment, at(100)))).toEqual([false, true]);
  });
});

describe('where witnesses are asked for', () => {
  const two = challenge({ witnesses: 2, bssids: [a, b] });
  const own = [heard('own', a, second, 100), heard('own', b, second, 100)];
  const seen = (observer: string, seconds = 99) => [heard(observer, a, second, seconds), heard(observer, b, second, seconds)];

  test('the sharer’s own scans, whoever they say they are by, prove nothing', () => {
    expect(verdict(two, own, 100)).toBe('processing witness_missing');
    expect(verdict(two, [...own, ...own, ...seen('tok_sharer'), ...seen('tok_1')], 100)).toBe('processing witness_missing');
  });

  test('so many distinct ones have to hear each radio', () => {
    expect(verdict(two, [...own, ...seen('tok_1'), ...seen('tok_1')], 100)).toBe('processing witness_missing');
    expect(verdict(two, [...own, ...seen('tok_1'), ...seen('tok_2')], 100)).toBe('valid');
    expect(verdict(two, [...own, ...seen('tok_1'), heard('tok_2', a, second, 99), heard('tok_3', b, second, 99)], 100)).toBe('valid');
    expect(judgeChallenge(two, [...own, ...seen('tok_1'), heard('tok_2', a, second, 99)], at(100))).toMatchObject({
      witnessed: 1, error: { detail: `You hear it; ${b} is yet to be heard by 2 witnesses.` },
    });
  });

  test('a radio far away that is claimed beside one’s own is not proven by those who hear that', () => {
    expect(verdict({ ...two, witnesses: 1 }, [...own, heard('tok_1', a, second, 99)], 100)).toBe('processing witness_missing');
  });

  test.each<[string, readonly Observation[]]>([
    ['heard it too long ago', [heard('tok_2', b, second, -21)]],
    ['heard it otherwise secured', [heard('tok_2', b, second, 99, 'open')]],
    ['heard it secured as claimed and otherwise', [heard('tok_2', b, second, 99), heard('tok_2', b, second, 98, 'open')]],
    ['heard the new name from a stranger', [heard('tok_2', stranger, second, 99)]],
    ['hears the old name still', [heard('tok_2', b, first, 99)]],
    ['hears the old name and the new one at once', [heard('tok_2', b, first, 98.5), heard('tok_2', b, second, 99)]],
  ])('one that %s does not count', (_, observations) => {
    const earlier = { ...two, createdAt: at(-1000) };
    expect(verdict(earlier, [...own, ...seen('tok_1'), heard('tok_2', a, second, 99), ...observations], 100)).toBe('processing witness_missing');
  });

  test('one that heard the old name well before the new one counts', () => {
    expect(verdict(two, [...own, ...seen('tok_1'), heard('tok_2', b, first, 80), ...seen('tok_2')], 100)).toBe('valid');
  });

  test('witnesses without the sharer prove nothing', () => {
    expect(verdict(two, [...seen('tok_1'), ...seen('tok_2')], 100)).toBe('processing not_seen');
  });

  test.each<[string, Uint8Array]>([['the old', first], ['a third', third]])('one that hears %s name after the new one was heard is in the way', (_, name) => {
    const proof = [...own, ...seen('tok_1', 90), ...seen('tok_2', 90)];
    expect(verdict(two, proof, 100)).toBe('valid');
    expect(verdict(two, [...proof, heard('tok_3', a, name, 95)], 100)).toBe('processing witness_contradicts');
    expect(verdict(two, [...proof, heard('tok_3', a, name, 85)], 100)).toBe('valid');
    expect(verdict(two, [...proof, heard('tok_3', stranger, name, 95)], 100)).toBe('valid');
  });

  test('what stood against it stands for two minutes, also where it is not heard again', () => {
    const proof = [...own, ...seen('tok_1'), ...seen('tok_2')];
    const contradicted = { ...two, errors: [{ at: at(60), fault: 'witness_contradicts', detail: 'x.' }] } as const;
    expect(verdict(contradicted, proof, 180)).toBe('processing witness_contradicts');
    expect(verdict(contradicted, proof, 181)).toBe('valid');
    const judgement = judgeChallenge(two, [heard('own', a, second, 80), heard('tok_3', a, first, 95)], at(100));
    expect([judgement.error?.fault, judgement.contradiction?.at]).toEqual(['not_seen', at(95)]);
  });
});

test('of one radio that was heard the last is kept, but no new name beside another', () => {
  const names = (...of: readonly Observation[]) => observationToKeep(second, of)?.heardAt;
  expect(names()).toBeUndefined();
  expect(names(heard('x', a, second, 10), heard('x', a, first, 1))).toEqual(at(10));
  expect(names(heard('x', a, second, 10), heard('x', a, first, 6))).toEqual(at(6));
  expect(names(heard('x', a, second, 10), heard('x', a, first, 20))).toEqual(at(20));
  expect(names(heard('x', a, first, 10), heard('x', a, third, 20))).toEqual(at(20));
});

test('the record keeps the last 50 attempts, and what a witness said once', () => {
  const contradicts = (seconds: number) => ({ at: at(seconds), fault: 'witness_contradicts', detail: 'x.' }) as const;
  let errors = withChallengeError(withChallengeError([], contradicts(1)), contradicts(2));
  expect(errors).toEqual([contradicts(2)]);
  for (let index = 0; index < 60; index++) {
    errors = withChallengeError(errors, { at: at(10 + index), fault: 'not_seen', detail: 'x.' });
  }
  expect([errors.length, errors[0], errors.at(-1)!.at]).toEqual([50, contradicts(2), at(69)]);
});
