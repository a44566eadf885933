import { expect, test } from 'vitest';
import { BatchTally, type BatchDetails, type BatchDevice } from '../domain/batch.ts';
import { batchReport } from './batch-report.ts';

const start = Date.parse('2026-11-20T06:00:00Z');
const options = { generatedAt: new Date('2026-11-25T10:00:00Z'), version: '0.1.0' };

function batchOf(devices: readonly Partial<BatchDevice>[], name = '2026-11'): BatchDetails {
  const tally = new BatchTally();
  for (const parts of devices) {
    tally.add({
      uuid: '9f1c7a52-6f0b-4f43-9d0e-1d2f8a0b1c2d', ssid: 'setup', model: 'lamp', label: undefined, mac: undefined, state: 'registered',
      createdAt: new Date(start), registeredAt: new Date(start), flashedAt: undefined, revokedAt: undefined, used: false, tries: [], ...parts,
    });
  }
  return tally.details({ name, revocation: undefined, unreached: 0 })!;
}

function attempts(station: string, ...results: string[]) {
  return results.map((result) => ({ station, operator: 'mai', result }));
}

const numbers = /(?:x|y|x1|x2|y1|y2|width|height|d)="([^"]*)"/g;

test.each([
  ['one device that nobody flashed', [{}]],
  ['devices that were all made at once', Array.from({ length: 50 }, () => ({}))],
  ['years', [{}, { createdAt: new Date(start + 4 * 365 * 86_400_000), registeredAt: undefined, state: 'reserved' as const }]],
  ['many stations', Array.from({ length: 80 }, (_, index) => ({ tries: attempts(`station ${index} ${'x'.repeat(50)}`, ...Array.from({ length: 9 }, (_each, kind) => `failure_${kind}`)) }))],
])('a page about %s is whole and asks nothing of the network', (_, devices) => {
  const page = batchReport(batchOf(devices), options);
  expect(page).not.toMatch(/NaN|undefined|Infinity|null/);
  expect(page).not.toMatch(/<script|<link|<img|<iframe|https?:|url\(|@import|src=/);
  for (const [, value] of page.matchAll(numbers)) expect(value).toMatch(/^[-MLZ0-9., ]+$/);
  expect(page).toContain('Generated 2026-11-25 10:00:00 UTC by Latchkey 0.1.0.');
  expect(page.match(/<text[^>]*>[^<]{35,}</g)).toBeNull();
});

test('what others named is text', () => {
  const evil = `</title><script>alert('1')</script>"&`;
  const details = batchOf([{ model: evil, ssid: evil, tries: attempts(evil, evil) }], evil);
  const page = batchReport({ ...details, revocation: { at: new Date(start), reason: evil } }, options);
  expect(page).not.toContain('<script');
  expect(page.split('&lt;/title&gt;&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&quot;&amp;')).toHaveLength(10);
});

test('a bar for each station with failures, the worst first, as long as it has them', () => {
  const page = batchReport(batchOf([
    { tries: attempts('east', 'mismatch', 'ok') },
    { tries: attempts('west', 'timed_out', 'mismatch', 'ok') },
    { tries: attempts('west', 'timed_out', 'timed_out') },
    { tries: attempts('north', 'ok') },
  ]), options);
  const [plot] = /<svg[^>]*aria-label="Failures by station">.*?<\/svg>/s.exec(page)!;
  expect([...plot.matchAll(/<title>(.*?)<\/title>/g)].map(([, title]) => title)).toEqual(['west: 4', 'east: 1']);
  const widths = [...plot.matchAll(/<rect class="(f\d)"[^>]*width="([\d.]+)"/g)].map(([, kind, width]) => [kind, Number(width)] as const);
  const unit = widths.at(-1)![1];
  expect(widths.map(([kind, width]) => [kind, Math.round(width / unit)])).toEqual([['f0', 3], ['f1', 1], ['f1', 1]]);
  expect(page).toMatch(/<bdi>east<\/bdi><\/th>\s*<td>1<\/td><td>1<\/td><td>100\.0&nbsp;%<\/td><td>0\.0&nbsp;%<\/td><td>2<\/td>/);
});

test('nearly all is not all', () => {
  const devices = Array.from({ length: 3000 }, (_, index) => ({ tries: attempts('east', index === 0 ? 'mismatch' : 'ok') }));
  expect(batchReport(batchOf(devices), options)).toContain('<td>2,999</td><td>99.9&nbsp;%</td>');
});
