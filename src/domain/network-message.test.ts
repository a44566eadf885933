import { expect, test } from 'vitest';
import { checkedMessage, isValidAt } from './network-message.ts';

const [from, to] = [new Date('2026-11-25T08:00:00.000Z'), new Date('2026-11-26T08:00:00.000Z')];

function text(parts: { readonly language?: string; readonly text?: string; readonly link?: string } = {}) {
  return { language: 'en', text: 'Welcome', link: undefined, ...parts };
}

test.each([
  ['a line feed', text({ text: 'one\ntwo' })],
  ['emoji of several parts', text({ text: '👩‍👩‍👧 ☕️' })],
  ['Arabic', text({ language: 'ar', text: 'أهلا وسهلا' })],
  ['500 characters', text({ text: '😀'.repeat(500) })],
  ['a link', text({ link: 'https://example.org:8443/menu?table=3&x=%20#top' })],
  ['a link to the root', text({ link: 'https://192.0.2.1' })],
])('takes %s', (_, of) => {
  expect(checkedMessage({ texts: [of], validFrom: undefined, validTo: undefined })).toEqual({ texts: [of], validFrom: undefined, validTo: undefined });
});

test.each([
  ['an escape', text({ text: 'a\u001b[31m' })],
  ['a carriage return', text({ text: 'a\rb' })],
  ['C1', text({ text: 'a\u009b31m' })],
  ['a bidi override', text({ text: 'a\u202eb' })],
  ['a bidi isolate', text({ text: 'a\u2066b' })],
  ['an Arabic letter mark', text({ text: 'a\u061cb' })],
  ['a paragraph separator', text({ text: 'a\u2029b' })],
  ['half a character', text({ text: 'a\ud83d' })],
  ['nothing', text({ text: '' })],
  ['blanks', text({ text: ' \n ' })],
  ['501 characters', text({ text: 'x'.repeat(501) })],
  ['http', text({ link: 'http://example.org' })],
  ['a script', text({ link: 'javascript:alert(1)' })],
  ['somebody’s name before the host', text({ link: 'https://bank.example@evil.example/' })],
  ['a blank in the link', text({ link: 'https://example.org/a b' })],
  ['an escape in the link', text({ link: 'https://example.org/\u001b' })],
  ['a look-alike in the host', text({ link: 'https://ex\u0430mple.org/' })],
  ['a long link', text({ link: `https://example.org/${'x'.repeat(181)}` })],
  ['no language', text({ language: '' })],
  ['what is no language', text({ language: 'en_US' })],
  ['a private language', text({ language: 'x-y' })],
  ['a language of bad subtags', text({ language: 'en-a' })],
])('refuses %s', (_, of) => {
  expect(() => checkedMessage({ texts: [of], validFrom: undefined, validTo: undefined })).toThrow(expect.objectContaining({ code: 'invalid_input' }));
});

test('languages are written as usual, each once, ten at most', () => {
  const languages = (...tags: readonly string[]) =>
    () => checkedMessage({ texts: tags.map((language) => text({ language })), validFrom: undefined, validTo: undefined }).texts.map(({ language }) => language);
  expect(languages('PT-br', 'zh-hant-tw')()).toEqual(['pt-BR', 'zh-Hant-TW']);
  expect(languages('de', 'DE')).toThrow('twice');
  expect(languages()).toThrow('1 to 10');
  expect(languages('aa', 'ab', 'af', 'am', 'ar', 'az', 'be', 'bg', 'bn', 'bs', 'ca')).toThrow('1 to 10');
});

test('it is valid from a moment on, and up to another that is later', () => {
  const message = (validFrom?: Date, validTo?: Date) => checkedMessage({ texts: [text()], validFrom, validTo });
  expect(() => message(to, from)).toThrow('after');
  expect(() => message(from, from)).toThrow('after');
  expect([isValidAt(message(), from), isValidAt(message(from, to), from), isValidAt(message(from, to), to), isValidAt(message(to), from)]).toEqual([true, true, false, false]);
});
