import { expect, test } from 'vitest';
import { LatchkeyError } from '../domain/errors.ts';
import { failureJson, toLatchkeyError } from './failure.ts';

test('keeps what Latchkey threw', () => {
  const error = new LatchkeyError('device_not_found');
  expect(toLatchkeyError(error)).toBe(error);
});

test('anything unforeseen is a bug, exit 1', () => {
  expect(toLatchkeyError(new TypeError('x is not a function'))).toMatchObject({ code: 'internal', exit: 1 });
  expect(toLatchkeyError('a text')).toMatchObject({ code: 'internal', message: 'a text' });
});

test('the JSON of an error has its code, words, exit code and problems', () => {
  const error = new LatchkeyError('invalid_input', 'Two things are wrong.', {
    problems: [{ pointer: '/ssid', detail: 'is missing' }],
    retryAfter: 3,
  });
  expect(failureJson(error)).toEqual({
    code: 'invalid_input',
    message: 'Two things are wrong.',
    hint: 'Correct what the message names.',
    exit: 2,
    retry_after: 3,
    errors: [{ pointer: '/ssid', detail: 'is missing' }],
  });
});

test('of flags that exclude each other their names are said, without what they were read as', () => {
  const thrown = Object.assign(new Error('The following error occurred:\n  --every=900000 cannot also be provided when using --at\nSee more help with --help'), { oclif: { exit: 2 } });
  expect(toLatchkeyError(thrown)).toMatchObject({ code: 'invalid_input', message: '--every cannot also be provided when using --at' });
  const oneOf = Object.assign(new Error('The following error occurred:\n  Exactly one of the following must be provided: --app, --policy'), { oclif: { exit: 2 } });
  expect(toLatchkeyError(oneOf).message).toBe('Exactly one of the following must be provided: --app, --policy');
});
