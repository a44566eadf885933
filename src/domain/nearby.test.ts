import { expect, test } from 'vitest';
import { isHeardNearby, languageOfLocale, textIn } from './nearby.ts';

test.each([
  [['a'], ['a'], true],
  [['a'], ['b'], false],
  [['a', 'b'], ['a'], false],
  [['a', 'b'], ['a', 'b'], true],
  [['a', 'b', 'c'], ['a', 'c'], true],
  [['a', 'b', 'c'], ['c', 'x', 'y'], false],
  [[], ['a'], false],
])('of the radios %j hearing %j is nearby: %s', (registered, heard, nearby) => {
  expect(isHeardNearby(registered, new Set(heard))).toBe(nearby);
});

const texts = ['en', 'de', 'pt-BR', 'fr'].map((language) => ({ language, text: language, link: undefined }));

test.each([['de', 'de'], ['DE', 'de'], ['de-CH', 'de'], ['pt', 'pt-BR'], ['pt-BR', 'pt-BR'], ['ja', 'en'], [undefined, 'en']])('who speaks %s reads %s', (language, read) => {
  expect(textIn({ texts }, language).text).toBe(read);
});

test.each([['de_DE.UTF-8', 'de-DE'], ['de', 'de'], ['pt_BR', 'pt-BR'], ['sr_RS@latin', 'sr-RS'], ['C', undefined], ['C.UTF-8', undefined], ['POSIX', undefined], ['', undefined], [undefined, undefined]])('the locale %s is of %s', (locale, language) => {
  expect(languageOfLocale(locale)).toBe(language);
});
