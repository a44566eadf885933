import { afterEach, beforeEach, expect, test } from 'vitest';
import { CommandLine } from './command-line.ts';

let cli: CommandLine;
beforeEach(async () => {
  cli = await CommandLine.make();
});
afterEach(() => cli.close());

const keys = (...args: string[]) => cli.run(['server', 'keys', ...args]);
const made = async (...args: string[]) => {
  const { code, stdout, stderr } = await keys('rotate', ...args, '--json');
  return { code, ...(JSON.parse(stdout) as { key_id: string }), stderr };
};

test('an overlap that is too long is refused by its flag', async () => {
  const { code, stderr } = await keys('rotate', '--overlap', '400d', '--json');
  expect([code, JSON.parse(stderr)]).toEqual([2, expect.objectContaining({ code: 'invalid_input', message: '--overlap: 400d is more than 365d.' })]);
});

test('who makes a second next key is told of the first, and one that signs early is not said to begin later', async () => {
  await made('--now');
  const first = await made('--overlap', '2d');
  expect([first.code, first.stderr]).toEqual([0, '']);
  const second = await made('--overlap', '1d');
  expect([second.code, JSON.parse(second.stderr)]).toEqual([0, { warning: expect.stringMatching(new RegExp(`^Another next key waits, ${first.key_id}, to sign from `)) }]);
  const { keys: all } = JSON.parse((await keys('list', '--json')).stdout) as { keys: { key_id: string; state: string }[] };
  const current = all.find(({ state }) => state === 'current')!;
  await keys('revoke', current.key_id, '--yes');
  expect((await keys('list')).stdout).toMatch(/ current .* now: no other is left /);
});
