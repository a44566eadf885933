import { expect, test } from 'vitest';
import { shareReport, type ShareReport } from './share-report.ts';

const hour = (index: number, bytes: bigint) => ({ hour: new Date(Date.UTC(2026, 10, 1, index)), bytesIn: bytes / 10n, bytesOut: bytes });
const earning = { networkId: 'net_1', month: '2026-11', currency: 'EUR', sales: 3, sold: 900n, returned: 100n, owed: 50n, earned: 750n };
const report: ShareReport = {
  from: new Date('2026-11-01T00:00:00Z'),
  to: new Date('2026-12-01T00:00:00Z'),
  zone: 'UTC',
  names: new Map([['net_1', '<b>Café & Söhne</b>']]),
  earnings: [earning, { ...earning, month: '2026-10', currency: 'JPY', sold: 1000n, returned: 0n, owed: 0n, earned: 1000n }],
  guests: [{ accountId: 'acc_guest', currency: 'EUR', sales: 3, paid: 900n, returned: 100n, lastAt: new Date('2026-11-02T00:00:00Z') }],
  hours: [hour(0, 1_000_000n), hour(5, 3_000_000n)],
};
const options = { generatedAt: new Date('2026-12-01T08:00:00Z'), version: '1.2.3' };
const pageOf = (parts: Partial<ShareReport> = {}) => shareReport({ ...report, ...parts }, options);

test('a page has what was earned, returned and owed, by currency, and who paid', () => {
  const page = pageOf();
  expect(page).toMatch(/<dt>earned<\/dt><dd>7\.50&nbsp;EUR<\/dd><dd class="note">9\.00&nbsp;EUR sold, 1\.00&nbsp;EUR returned, 0\.50&nbsp;EUR owed<\/dd>/);
  expect(page).toMatch(/<dd>1000&nbsp;JPY<\/dd>/);
  expect(page).toMatch(/<dt>sales<\/dt><dd>6<\/dd>/);
  expect(page).toMatch(/<dt>traffic<\/dt><dd>4\.40 MB<\/dd>/);
  expect(page).toMatch(/aria-label="Earnings by month"[^]*aria-label="Traffic by hour"[^]*aria-label="Guests"/);
  expect(page).toContain('9.00&nbsp;EUR for 3 sales');
});

test('names are shown as what they are, and nothing on it runs or is fetched', () => {
  const page = pageOf();
  expect(page).toContain('&lt;b&gt;Café &amp; Söhne&lt;/b&gt;');
  expect(page).not.toMatch(/<b>Café|<script|https?:|@import/);
});

test('a name that hides, turns or is no text at all is shown as everywhere', () => {
  const page = pageOf({ names: new Map([['net_1', 'a\u{9b}2J\u{202e}<b>\u{dcff}']]) });
  expect(page).toContain('<bdi>a\\x9b2J\\u202e&lt;b&gt;\\xff</bdi>');
});

test('without sales it says so', () => {
  const page = pageOf({ earnings: [], guests: [], hours: [] });
  expect(page).toContain('Nothing was sold.');
  expect(page).toContain('Nothing was counted.');
  expect(page).toContain('Nobody has bought anything.');
  expect(page).not.toMatch(/NaN|Infinity|undefined/);
});

test('of very many hours several are one bar, and all of their traffic is there', () => {
  const hours = Array.from({ length: 24 * 90 }, (_, index) => hour(index, 1_000_000n));
  const page = pageOf({ hours, to: new Date('2027-02-01T00:00:00Z') });
  const bars = [...page.matchAll(/<title>[\d-]+ [\d:]+ UTC: ([\d.]+) MB to guests/g)].map(([, amount]) => Number(amount));
  expect(bars.length).toBeLessThanOrEqual(221);
  expect(bars.length).toBeGreaterThan(150);
  expect(Math.round(bars.reduce((sum, each) => sum + each, 0))).toBe(24 * 90);
  expect(page).toMatch(/A bar is \d+ hours\./);
  expect(page).not.toMatch(/NaN|Infinity|undefined/);
});

test('a single hour has its bar within the plot', () => {
  const page = pageOf({ hours: [hour(3, 500n)] });
  const [, x = '', width = ''] = /<rect class="sent" x="([\d.]+)" y="[\d.]+" width="([\d.]+)"/.exec(page) ?? [];
  expect(Number(x)).toBeGreaterThanOrEqual(84);
  expect(Number(x) + Number(width)).toBeLessThanOrEqual(744);
});
