import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { Profiles, type Profile } from './profiles.ts';

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'latchkey-profiles-'));
  onTestFinished(() => rmSync(path, { recursive: true }));
  return path;
}

const factory: Profile = { name: 'factory', server: 'https://latchkey.example', ca: undefined, role: 'factory', ap: undefined };
const ap: Profile = { name: 'ap', server: 'https://latchkey.example', ca: 'PEM', role: 'ap', ap: { apId: 'ap_1', name: 'Hall' } };

test('keeps profiles, the first one active until another is used', () => {
  const profiles = new Profiles(folder());
  expect(profiles.active()).toBeUndefined();
  profiles.add(factory);
  profiles.add(ap);
  expect(profiles.list()).toEqual([ap, factory]);
  expect(profiles.active()).toEqual(factory);
  profiles.use('ap');
  expect(profiles.active()).toEqual(ap);
});

test('refuses a name that is taken and changes nothing', () => {
  const profiles = new Profiles(folder());
  profiles.add(factory);
  expect(() => profiles.add({ ...ap, name: 'factory' })).toThrow(expect.objectContaining({ code: 'profile_conflict' }));
  expect(profiles.get('factory')).toEqual(factory);
});

test('a removed profile is gone and no longer active', () => {
  const profiles = new Profiles(folder());
  profiles.add(factory);
  profiles.remove('factory');
  expect(profiles.list()).toEqual([]);
  expect(profiles.active()).toBeUndefined();
  expect(() => profiles.get('factory')).toThrow(expect.objectContaining({ code: 'profile_not_found' }));
  expect(() => profiles.get('../factory')).toThrow(expect.objectContaining({ code: 'profile_not_found' }));
});

test('files are for their user alone', () => {
  const config = folder();
  new Profiles(config).add(factory);
  expect(statSync(join(config, 'profiles', 'factory.json')).mode & 0o777).toBe(0o600);
});

test.each([
  ['not JSON', 'no'],
  ['another shape', '[]'],
  ['an unknown key', '{"server":"https://a.example","token":"x"}'],
  ['no server', '{}'],
  ['a role that is none', '{"server":"https://a.example","role":"root"}'],
])('a file that is no profile is refused: %s', (_, text) => {
  const config = folder();
  const profiles = new Profiles(config);
  profiles.add(factory);
  writeFileSync(join(config, 'profiles', 'factory.json'), text);
  expect(() => profiles.get('factory')).toThrow(expect.objectContaining({ code: 'invalid_input' }));
});
