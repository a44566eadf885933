import { expect, test } from 'vitest';
import { checker } from './check.ts';
import { deviceQuerySchema, registrationSchema } from './devices.ts';

test('names what is wrong where, and never repeats what came', () => {
  const secret = '\u0007hunter2';
  const checked = checker(registrationSchema)({ ssid: '', uuid: secret, pass_tmp: 7, [`x/${secret}`]: secret });
  const problems = checked.ok ? [] : checked.problems;
  expect(problems.map((problem) => problem.pointer)).toEqual(
    expect.arrayContaining(['/ssid', '/uuid', '/pass_tmp']),
  );
  expect(problems.map((problem) => problem.detail).join()).not.toContain('hunter2');
});

test('lists what a closed set allows', () => {
  const checked = checker(deviceQuerySchema)({ state: 'lost' });
  expect(checked).toEqual({
    ok: false,
    problems: [{ pointer: '/state', detail: 'must be one of reserved, registered, revoked' }],
  });
});

test('a missing member is named', () => {
  const checked = checker(registrationSchema)({});
  expect(checked.ok ? [] : checked.problems).toEqual([{ pointer: '', detail: expect.stringContaining('ssid') }]);
});
