import { celEnv, parse, plan } from '@bufbuild/cel';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LatchkeyError } from '../domain/errors.ts';
import { compileRules } from './compile-rules.ts';
import { compileExpression } from './expression.ts';
import type { Facts } from './facts.ts';
import { sampleApplication, sampleHistory, sampleService } from '../../test/security-check/samples.ts';

const attributes = { tags: ['a', 'b'], rides: 3, half: 2.5, vip: true, name: 'Ännä', many: Array.from({ length: 64 }, () => 'x'.repeat(256)), long: `${'a'.repeat(255)}!` };
const service = sampleService({ attributes });
const facts = compileRules(sampleApplication()).facts(service, sampleHistory(), Date.UTC(2026, 10, 30, 14, 30)) as Facts;

const valueOf = (text: string) => compileExpression(text).evaluate(facts);

function refusal(text: string): string {
  try {
    compileExpression(text);
    return '';
  } catch (error) {
    return error instanceof LatchkeyError && error.code === 'invalid_input' ? error.message : `${String(error)}!`;
  }
}

test.each<readonly [string, boolean]>([
  ['service.amount == 320 && service.currency == "EUR"', true],
  ['service.amount > 3.5', true],
  ['service.payee.category in ["metro", "bus"]', true],
  ['service.attributes.rides == 3', true],
  ['service.attributes.tags.exists(tag, tag == "b")', true],
  ['service.attributes.tags.all(tag, tag.startsWith("a"))', false],
  ['has(service.attributes.nothing)', false],
  ['has(service.place.cell) && service.place.lat > 60.0', false],
  ['history.periods.day.count >= 2 && history.periods["day"].totals["EUR"] == 640', true],
  ['has(history.last) && history.last.place.lat < 53.0', true],
  ['history.since_confirmed.count == 2', true],
  ['local.weekday == "Mon" && local.hour == 14 && local.minute == 30 && local.date == "2026-11-30"', true],
  ['application.name == "city" && application.version == 1', true],
  ['service.at < timestamp("2026-12-01T00:00:00Z") && service.at - history.last.at == duration("3600s")', true],
  ['service.at.getHours() == 13', true],
  ['service.card.expires_at - service.at > duration("24h")', true],
  ['service.attributes.name.matches("^Ä[nä]+$")', true],
  ['service.attributes.vip', true],
])('%s', (text, value) => {
  expect(valueOf(text)).toBe(value);
});

test.each(['service.attributes.nothing == 1', 'service.amount / 0 > 1', 'service.attributes.tags[7] == "x"', 'history.periods.week.count > 1', 'service.amount * 9223372036854775807 > 0', 'service.attributes.name > 3'])('%s is an error', (text) => {
  expect(() => valueOf(text)).toThrow();
});

test.each<readonly [string, string]>([
  ['service.amuont > 1', 'amuont'],
  ['servce.amount > 1', 'servce'],
  ['service.amount > "1"', 'overload'],
  ['service.amount', 'int'],
  ['service.amount >', ''],
  ['[1, 2].map(x, x)', 'list'],
  ['cel.bind(x, 1, x > 0)', 'bind'],
  ['service.currency.split("").size() > 1', 'split'],
  ['service.currency.matchesLinearly("E")', 'matchesLinearly'],
  ['service.at.getHours("Europe/Berlin") < 6', 'local'],
  ['service.currency.matches(service.zone)', 'literal'],
  ['service.currency.matches("(?=a)")', 'regexp'],
  [`service.currency.matches("${'a'.repeat(129)}")`, '128'],
  ['history.periods["90min"].count > 1', '1h30min'],
  ['history.periods.year.count > 1', 'year'],
  ['history.periods[service.zone].count > 1', 'literal'],
])('%s is refused', (text, word) => {
  expect(refusal(text)).toContain(word);
  expect(refusal(text)).not.toBe('');
});

test('it says which periods of the history it needs', () => {
  expect(compileExpression('history.periods.day.count > 3 || history.periods["1h30min"].totals.EUR > 5 || has(history.periods.day)').periods).toEqual(['day', { rollingMs: 5_400_000 }]);
});

test('it says what it always is', () => {
  expect(['1 > 2', 'true', '[1, 2].exists(x, x == 2)', 'service.amount > 1', '1 / 0 > 1'].map((text) => compileExpression(text).constant)).toEqual([false, true, true, undefined, undefined]);
});

describe('work is bounded', () => {
  const deep = (levels: number): string => (levels === 0 ? 'service.attributes.many.size() > 0' : `service.attributes.many.all(x${levels}, ${deep(levels - 1)})`);
  const doubled = (levels: number): string => `["a"]${'.map(x, x + x)'.repeat(levels)}.size() > 0`;
  const doubledLists = (levels: number): string => `[["a"]]${'.map(x, x + x)'.repeat(levels)}.size() > 0`;

  const nested = '.all(a, a.all(x, a.all(y, a.all(z, true))))';

  test.each([deep(3), deep(10), `[service.attributes.many]${nested}`, `([service.attributes.many] + [service.attributes.many])${nested}`, `[service.attributes.many].filter(a, true).map(a, a)${nested}`, doubled(30), doubledLists(30), `${'('.repeat(100)}true${')'.repeat(100)}`, Array.from({ length: 600 }, () => 'true').join(' && '), `[${'1,'.repeat(300)}1].size() > 0`])(
    'an expression that could run away is refused: %#',
    (text) => expect(refusal(text)).not.toBe(''),
  );

  // Each at its worst takes some milliseconds; a second is for machines with other work.
  test.each([
    'service.attributes.long.matches("^(a+)+$")',
    'service.attributes.long.matches("(a*)*(a*)*(a*)*b")',
    'service.attributes.long.matches("^(a|aa)+$") || service.attributes.long.matches("^(a|a?)+$")',
    'service.attributes.many.exists(x, service.attributes.many.exists(y, x != y))',
    'service.attributes.many.exists(x, x.contains("y"))',
  ])('the worst that is allowed ends soon: %s', (text) => {
    const expression = compileExpression(text);
    const start = performance.now();
    expect(expression.evaluate(facts)).toBe(false);
    expect(performance.now() - start).toBeLessThan(1000);
  });
});

describe('the reference implementation', () => {
  const environment = celEnv();
  const plain = {
    service: toCel({ kind: service.kind, amount: 320n, currency: 'EUR', payee: { id: 'acc_metro', category: 'metro' }, confirmed: false, attributes }),
    history: toCel({ periods: { day: { count: 2n, totals: { EUR: 640n } } } }),
  };

  const ours = (text: string) => {
    try {
      return compileExpression(text).evaluate(facts);
    } catch (error) {
      return error instanceof LatchkeyError ? `refused: ${error.message}` : 'error';
    }
  };
  const theirs = (text: string) => {
    const value = plan(environment, parse(text))(plain as never);
    return typeof value === 'boolean' ? value : 'error';
  };

  const number = fc.constantFrom('service.amount', 'history.periods.day.count', 'size(service.attributes.tags)', '3', '-7', '320', '(service.amount % 7)', 'history.periods.day.totals.EUR', '(service.amount / (history.periods.day.count - 2))');
  const text = fc.constantFrom('service.currency', 'service.payee.id', 'service.attributes.name', 'service.attributes.nothing', '"EUR"', '"metro"', '(service.kind + service.currency)', '"ä"');
  const comparison = fc.constantFrom('==', '!=', '<', '<=', '>', '>=');
  const { expression } = fc.letrec<{ expression: string; leaf: string }>((tie) => ({
    leaf: fc.oneof(
      fc.tuple(number, comparison, number).map((parts) => parts.join(' ')),
      fc.tuple(text, comparison, text).map((parts) => parts.join(' ')),
      fc.tuple(text, fc.constantFrom('startsWith', 'endsWith', 'contains'), text).map(([of, method, argument]) => `${of}.${method}(${argument})`),
      fc.tuple(text, fc.constantFrom('^E', 'R$', '[a-z]+_', 'n.*n', '^$')).map(([of, pattern]) => `${of}.matches("${pattern}")`),
      fc.tuple(fc.constantFrom('all', 'exists', 'exists_one'), fc.constantFrom('t == "a"', 't > "a"', 't.size() > 0', 't == "c"', 't.size() / 0 > 1')).map(([macro, body]) => `service.attributes.tags.${macro}(t, ${body})`),
      fc.tuple(text, text).map(([one, other]) => `${one} in ["EUR", ${other}]`),
      fc.constantFrom('true', 'false', 'service.confirmed', 'service.attributes.vip', 'has(service.attributes.nothing)', 'has(service.payee.id)', 'service.attributes.half > 2.0', 'service.attributes.rides == 3', 'service.attributes.rides > service.amount', 'service.attributes.tags.filter(t, t != "a").size() == 1', '"a" in service.attributes.tags', 'service.attributes.tags.map(t, t + "x")[0] == "ax"'),
    ),
    expression: fc.oneof(
      { maxDepth: 3 },
      tie('leaf'),
      fc.tuple(tie('expression'), fc.constantFrom('&&', '||'), tie('expression')).map(([one, operator, other]) => `(${one} ${operator} ${other})`),
      tie('expression').map((inner) => `!(${inner})`),
      fc.tuple(tie('expression'), tie('expression'), tie('expression')).map(([condition, yes, no]) => `(${condition} ? ${yes} : ${no})`),
    ),
  }));

  test('gives the same, or an error where there is one', () => {
    fc.assert(
      fc.property(expression, (each) => {
        expect(ours(each)).toBe(theirs(each));
      }),
      { numRuns: 1000 },
    );
  });
});

/** As the reference takes it: maps for objects. */
function toCel(value: unknown): unknown {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? new Map(Object.entries(value).map(([name, inner]) => [name, toCel(inner)])) : value;
}
