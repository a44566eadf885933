import { expect, test } from 'vitest';
import { runAdministrationProgram } from './run-administration-program.ts';

const { signal } = new AbortController();

test('a program that is not there is named', async () => {
  await expect(runAdministrationProgram(['latchkey-no-such-program'], { signal })).rejects.toMatchObject({
    code: 'file_not_found',
    message: 'There is no program latchkey-no-such-program here.',
  });
});
