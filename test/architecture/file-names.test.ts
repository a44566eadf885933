import { globSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '../..');
const files = globSync('{bin,src,scripts,test}/**/*.{ts,js,mjs,cjs}', { cwd: root }).map((path) => path.replaceAll('\\', '/'));

test('files and folders are named in kebab case', () => {
  const part = /^(__snapshots__|[a-z0-9]+(-[a-z0-9]+)*(\.[a-z]+)*)$/;
  expect(files.filter((path) => !path.split('/').every((name) => part.test(name)))).toEqual([]);
});

test('files and folders are named by what is in them', () => {
  const saysNothing = /(^|[-/])(utils?|helpers?|common|managers?|misc)([-./]|$)/;
  const program = /\/network-manager\./;
  expect(files.filter((path) => saysNothing.test(path) && !program.test(path))).toEqual([]);
});
