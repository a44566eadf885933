import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import fc from 'fast-check';
import { expect, test } from 'vitest';

const require = createRequire(import.meta.url);
/** The packages as oclif finds them, which may not be the version that we would. */
const ofOclif = createRequire(require.resolve('@oclif/core'));

const text = fc.string({
  unit: fc.oneof(
    { arbitrary: fc.constantFrom(' ', '\n', 'a', 'bc', '-', 'longer', '<', '%'), weight: 20 },
    fc.constantFrom('é', '一', '👩‍🚀', '\t', '\u001B[1m', '\u001B[22m'),
  ),
  maxLength: 60,
});

test('widths are what string-width and widest-line say', () => {
  fc.assert(
    fc.property(text, (words) => {
      expect(require('./string-width.cjs')(words)).toBe(ofOclif('string-width')(words));
      expect(require('./widest-line.cjs')(words)).toBe(ofOclif('widest-line')(words));
    }),
  );
});

test('lines are wrapped as wrap-ansi wraps them', () => {
  const options = fc.record({ hard: fc.boolean(), trim: fc.boolean(), wordWrap: fc.boolean() }, { requiredKeys: [] });
  fc.assert(
    fc.property(text, fc.integer({ min: 1, max: 30 }), options, (words, columns, how) => {
      expect(require('./wrap-ansi.cjs')(words, columns, how)).toBe(ofOclif('wrap-ansi')(words, columns, how));
    }),
    { numRuns: 500 },
  );
});

const data = { config: { bin: 'latchkey', odd: '<&>', count: 3 }, command: { id: 'device:list' } };

test.each([
  'nothing to replace',
  '<%= config.bin %> <%= command.id %> --json',
  '<%= config.odd %>',
  '<%= config.count %>',
  '<%- config.odd %>',
  '<%= config.bin.toUpperCase() %>',
  '<%% literally %%>',
  "<% if (config.bin) { %>yes<% } %>",
  '50 %> 40',
])('templates give what ejs gives: %s', (template) => {
  expect(outcome(() => require('./ejs.cjs').render(template, data))).toEqual(outcome(() => ofOclif('ejs').render(template, data)));
});

test('files are read as node:fs/promises reads them', async () => {
  const replacement = require('./fs-promises.cjs');
  const real = process.getBuiltinModule('node:fs/promises');

  expect(await replacement.readFile(import.meta.filename, 'utf8')).toBe(await real.readFile(import.meta.filename, 'utf8'));
  await expect(replacement.readFile(`${import.meta.filename}.gone`, 'utf8')).rejects.toMatchObject({ code: 'ENOENT' });
  expect((await replacement.stat(import.meta.dirname)).isDirectory()).toBe(true);
  expect(replacement.readdir).toBe(real.readdir);
});

test('wsl-utils says the same of this machine', async () => {
  const { isWsl } = await import(`${import.meta.dirname}/wsl.mjs`);
  const real = await import(pathToFileURL(ofOclif.resolve('wsl-utils')).href);

  expect(isWsl).toBe(real.isWsl);
});

test('nothing is logged unless DEBUG says what', () => {
  expect(require('./debug.cjs')('oclif')('a %s', 'b')).toBeUndefined();
});

function outcome(work: () => unknown): unknown {
  try {
    return work();
  } catch (error) {
    return (error as Error).name;
  }
}
