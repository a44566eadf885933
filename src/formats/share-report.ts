import { decimalText } from '../domain/money.ts';
import type { Earning } from '../domain/share-earnings.ts';
import type { GuestSales } from '../domain/share-sales.ts';
import { shown } from '../domain/shown-text.ts';
import { trafficForPeople } from '../domain/traffic.ts';
import type { HourOfTraffic } from '../roles/sharing/ports.ts';
import { countMarks, timeMarks } from './plot.ts';
import { thousands } from './thousands.ts';

export interface ShareReport {
  readonly from: Date;
  readonly to: Date;
  /** Whose days and months they are (IANA). */
  readonly zone: string;
  /** The names of networks, as `ssidText` has them, by their ids. */
  readonly names: ReadonlyMap<string, string>;
  readonly earnings: readonly Earning[];
  readonly guests: readonly GuestSales[];
  readonly hours: readonly HourOfTraffic[];
}

export interface ShareReportOptions {
  readonly generatedAt: Date;
  /** Of this program. */
  readonly version: string;
}

/** What shared networks have sold and carried, as one HTML page that needs nothing else, no script and no network. */
export function shareReport(report: ShareReport, { generatedAt, version }: ShareReportOptions): string {
  const { from, to, zone, earnings, guests, hours } = report;
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Shared networks</title>
<style>${style}</style>
</head>
<body>
<main>
<header>
<h1>Shared networks</h1>
<p>${moment(from)} to ${moment(to)} UTC; months are those of ${escaped(zone)}.</p>
</header>
${tiles(report)}
${section('Earnings by month', currenciesOf(earnings).map((currency) => earningsPlot(earnings.filter((each) => each.currency === currency), currency)).join('') || none('Nothing was sold.'))}
${section('Traffic by hour', hours.length === 0 ? none('Nothing was counted.') : trafficPlot(report))}
${section('Guests', guests.length === 0 ? none('Nobody has bought anything.') : guestsPlot(guests))}
${earnings.length === 0 ? '' : section('By network and month', earningsTable(report))}
<footer>Generated ${moment(generatedAt)} UTC by Latchkey ${escaped(version)}.</footer>
</main>
</body>
</html>
`;
}

const [width, left, right] = [760, 84, 16];
const mostBars = 25;

function tiles({ earnings, guests, hours }: ShareReport): string {
  const sum = (of: readonly Earning[], what: (each: Earning) => bigint) => of.reduce((total, each) => total + what(each), 0n);
  const bytes = hours.reduce((total, { bytesIn, bytesOut }) => total + bytesIn + bytesOut, 0n);
  const money = currenciesOf(earnings).map((currency): [string, string, string] => {
    const own = earnings.filter((each) => each.currency === currency);
    const [sold, back, owed] = [sum(own, (each) => each.sold), sum(own, (each) => each.returned), sum(own, (each) => each.owed)];
    const note = `${moneyText(sold, currency)} sold, ${moneyText(back, currency)} returned${owed === 0n ? '' : `, ${moneyText(owed, currency)} owed`}`;
    return ['earned', moneyText(sum(own, (each) => each.earned), currency), note];
  });
  const all: [string, string, string][] = [
    ...money,
    ['sales', thousands(earnings.reduce((total, { sales }) => total + sales, 0)), ''],
    ['guests', thousands(new Set(guests.map(({ accountId }) => accountId)).size), ''],
    ['traffic', trafficForPeople(bytes), ''],
  ];
  return `<dl class="tiles">${all.map(([title, value, note]) => `<div><dt>${title}</dt><dd>${value}</dd>${note === '' ? '' : `<dd class="note">${note}</dd>`}</div>`).join('')}</dl>`;
}

/** A bar a month: what stayed, and what went back or is still to. */
function earningsPlot(earnings: readonly Earning[], currency: string): string {
  const months = [...Map.groupBy(earnings, ({ month }) => month)].sort(([one], [other]) => (one < other ? -1 : 1)).slice(-mostBars);
  const bars = months.map(([month, of]) => ({
    month,
    earned: Number(of.reduce((total, each) => total + each.earned, 0n)),
    back: Number(of.reduce((total, each) => total + each.returned + each.owed, 0n)),
  }));
  const [top, height, bottom] = [10, 200, 24];
  const marks = countMarks(Math.max(...bars.map(({ earned, back }) => earned + back)));
  const y = (minor: number) => round(top + height - (minor / marks.at(-1)!.value) * height);
  const step = (width - left - right) / bars.length;
  const thick = Math.min(60, step * 0.7);
  const grid = marks.map(({ value }) => line(y(value), decimalText({ minor: BigInt(value), currency })));
  const drawn = bars.map(({ month, earned, back }, at) => {
    const x = round(left + step * at + (step - thick) / 2);
    const title = `${month}: ${moneyText(BigInt(earned), currency)} earned, ${moneyText(BigInt(back), currency)} returned or owed`;
    const bar = (className: string, low: number, high: number) => (high === low ? '' : `<rect class="${className}" x="${x}" y="${y(high)}" width="${round(thick)}" height="${round(y(low) - y(high))}"/>`);
    const label = bars.length > 12 && at % 2 === 1 ? '' : `<text x="${round(x + thick / 2)}" y="${top + height + 16}" text-anchor="middle">${month}</text>`;
    return `<g><title>${title}</title>${bar('earned', 0, earned)}${bar('back', earned, earned + back)}${label}</g>`;
  });
  return legend([['earned', `earned (${currency})`], ['back', 'returned or owed']]) + figure('Earnings by month', top + height + bottom, [...grid, ...drawn]);
}

/** A bar an hour; where there are more than a plot has room for, several hours are one. */
function trafficPlot({ from, to, hours }: ShareReport): string {
  const hourMs = 3_600_000;
  const [first, last] = [Math.max(from.getTime(), hours[0]!.hour.getTime()), Math.min(to.getTime(), hours.at(-1)!.hour.getTime() + hourMs)];
  const perBar = Math.max(1, Math.ceil((last - first) / hourMs / ((width - left - right) / 3)));
  const bars = [...Map.groupBy(hours, ({ hour }) => Math.floor((hour.getTime() - first) / hourMs / perBar))].map(([index, of]) => ({
    at: first + index * perBar * hourMs,
    sent: Number(of.reduce((total, { bytesOut }) => total + bytesOut, 0n)),
    received: Number(of.reduce((total, { bytesIn }) => total + bytesIn, 0n)),
  }));
  const end = Math.max(last, first + perBar * hourMs);
  const [top, height, bottom] = [10, 200, 34];
  const marks = countMarks(Math.max(...bars.map(({ sent, received }) => sent + received)));
  const x = (at: number) => round(left + ((at - first) / (end - first)) * (width - left - right));
  const y = (bytes: number) => round(top + height - (bytes / marks.at(-1)!.value) * height);
  const grid = marks.map(({ value }) => line(y(value), trafficForPeople(BigInt(value))));
  const thick = Math.max(1, round(x(first + perBar * hourMs) - x(first) - 1));
  const drawn = bars.map(({ at, sent, received }) => {
    const bar = (className: string, low: number, high: number) => (high === low ? '' : `<rect class="${className}" x="${x(at)}" y="${y(high)}" width="${thick}" height="${round(y(low) - y(high))}"/>`);
    const title = `${moment(new Date(at))} UTC: ${trafficForPeople(BigInt(sent))} to guests, ${trafficForPeople(BigInt(received))} from them`;
    return `<g><title>${title}</title>${bar('sent', 0, sent)}${bar('received', sent, sent + received)}</g>`;
  });
  const ticks = timeMarks(first, end).map(({ value, label }) => {
    const [date, time] = label.split(' ');
    const anchor = x(value) > width - right - 40 ? 'end' : x(value) < left + 30 ? 'start' : 'middle';
    const texts = (time === undefined ? [date!] : [time, date!]).map((text, row) => `<text x="${x(value)}" y="${top + height + 17 + row * 13}" text-anchor="${anchor}">${text}</text>`);
    return `<line class="tick" x1="${x(value)}" x2="${x(value)}" y1="${top + height}" y2="${top + height + 5}"/>${texts.join('')}`;
  });
  const note = perBar === 1 ? '' : none(`A bar is ${perBar} hours.`);
  return legend([['sent', 'to guests'], ['received', 'from guests']]) + figure('Traffic by hour', top + height + bottom, [...grid, ...drawn, ...ticks]) + note;
}

function guestsPlot(guests: readonly GuestSales[]): string {
  const largest = guests.slice(0, mostBars);
  const [labels, top, row] = [210, 4, 24];
  const most = Math.max(...largest.map(({ paid }) => Number(paid)), 1);
  const x = (minor: number) => round(labels + (minor / most) * (width - labels - 190));
  const bars = largest.map(({ accountId, currency, sales, paid, returned }, at) => {
    const y = top + at * row;
    const kept = Number(paid - returned);
    const text = `${moneyText(paid, currency)} for ${thousands(sales)} ${sales === 1 ? 'sale' : 'sales'}`;
    const bar = (className: string, from: number, to: number) => (to <= from ? '' : `<rect class="${className}" x="${x(from)}" y="${y + 4}" width="${round(x(to) - x(from))}" height="${row - 8}"/>`);
    return `<g><title>${escaped(accountId)}: ${text}, ${moneyText(returned, currency)} returned</title><text class="name" x="${labels - 8}" y="${y + row / 2 + 4}" text-anchor="end">${escaped(accountId)}</text>${bar('earned', 0, kept)}${bar('back', kept, Number(paid))}<text x="${x(Number(paid)) + 6}" y="${y + row / 2 + 4}">${text}</text></g>`;
  });
  const rest = guests.length - largest.length;
  return legend([['earned', 'paid'], ['back', 'of it returned']]) + figure('Guests', top * 2 + largest.length * row, bars) + (rest === 0 ? '' : none(`${thousands(rest)} more ${rest === 1 ? 'guest' : 'guests'} paid less.`));
}

function earningsTable({ earnings, names }: ShareReport): string {
  const cell = (minor: bigint, currency: string) => `<td>${minor === 0n ? '–' : moneyText(minor, currency)}</td>`;
  const rows = earnings.map(({ networkId, month, currency, sales, sold, returned, owed, earned }) =>
    `<tr><th scope="row">${month}</th><td class="text"><bdi>${escaped(shown(names.get(networkId) ?? networkId))}</bdi></td><td>${thousands(sales)}</td>${[sold, returned, owed, earned].map((minor) => cell(minor, currency)).join('')}</tr>`);
  return `<div class="wide"><table><thead><tr><th scope="col">Month</th><th scope="col" class="text">Network</th><th scope="col">Sales</th><th scope="col">Sold</th><th scope="col">Returned</th><th scope="col">Owed</th><th scope="col">Earned</th></tr></thead>
<tbody>${rows.join('\n')}</tbody></table></div>`;
}

function currenciesOf(earnings: readonly Earning[]): readonly string[] {
  return [...new Set(earnings.map(({ currency }) => currency))].sort();
}

function moneyText(minor: bigint, currency: string): string {
  return `${decimalText({ minor, currency })}&nbsp;${currency}`;
}

function line(y: number, label: string): string {
  return `<line class="grid" x1="${left}" x2="${width - right}" y1="${y}" y2="${y}"/><text x="${left - 8}" y="${y + 4}" text-anchor="end">${label}</text>`;
}

function figure(title: string, height: number, parts: readonly string[]): string {
  return `<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${title}">${parts.join('')}</svg>`;
}

function legend(entries: readonly (readonly [className: string, title: string])[]): string {
  return `<ul class="legend">${entries.map(([className, title]) => `<li><svg viewBox="0 0 10 10" aria-hidden="true"><rect class="${className}" width="10" height="10"/></svg>${title}</li>`).join('')}</ul>`;
}

function section(title: string, content: string): string {
  return `<section><h2>${title}</h2>${content}</section>`;
}

function none(text: string): string {
  return `<p class="none">${text}</p>`;
}

function moment(at: Date): string {
  return at.toISOString().slice(0, 16).replace('T', ' ');
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => entities[character]!);
}

const light = `--page:#fff;--text:#1c2128;--quiet:#5c6570;--line:#d5dae0;--tile:#f4f6f8;--earned:#2f8f5b;--back:#e08e2b;--sent:#3b7fc4;--received:#7b5ea7;`;
const dark = `--page:#14181d;--text:#e4e8ec;--quiet:#9aa4af;--line:#3a424b;--tile:#1e242b;--earned:#3fa86e;--back:#e8a04a;--sent:#5c9fe0;--received:#a48bd0;`;

const style = `
:root{${light}color-scheme:light dark}
@media (prefers-color-scheme:dark){:root{${dark}}}
@media print{:root{${light}color-scheme:light}body{font-size:10pt}main{max-width:none;padding:0}}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--text);font:15px/1.5 system-ui,sans-serif;-webkit-print-color-adjust:exact;print-color-adjust:exact}
main{max-width:60rem;margin:0 auto;padding:2rem 1.25rem}
h1{font-size:1.7rem;line-height:1.25;margin:0}
h2{font-size:1.1rem;margin:2rem 0 .5rem;break-after:avoid}
header p,.none,footer{color:var(--quiet)}
.none{font-size:.85rem}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(9rem,1fr));gap:.6rem;margin:1.2rem 0}
.tiles div{background:var(--tile);border-radius:6px;padding:.6rem .8rem}
.tiles dt{color:var(--quiet);font-size:.85rem}
.tiles dd{margin:0;font-size:1.35rem;font-variant-numeric:tabular-nums}
.tiles .note{font-size:.8rem;color:var(--quiet)}
section>svg{display:block;width:100%;height:auto;break-inside:avoid}
svg text{font-size:11.5px;fill:var(--quiet);font-variant-numeric:tabular-nums}
svg .name{fill:var(--text)}
svg .grid,svg .tick{stroke:var(--line);stroke-width:1}
.earned{fill:var(--earned)}.back{fill:var(--back)}.sent{fill:var(--sent)}.received{fill:var(--received)}
.legend{display:flex;flex-wrap:wrap;gap:.2rem 1.1rem;list-style:none;margin:0 0 .4rem;padding:0;font-size:.85rem;break-after:avoid}
.legend svg{width:.75rem;height:.75rem;margin-right:.4rem;vertical-align:-.05rem}
.wide{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}
thead{display:table-header-group}
tr{break-inside:avoid}
th,td{padding:.3rem .6rem;border-bottom:1px solid var(--line);text-align:right;font-weight:400;vertical-align:top;white-space:nowrap}
thead th{color:var(--quiet);font-size:.85rem}
.text{overflow-wrap:anywhere;white-space:normal}
th:first-child,.text{text-align:left}
footer{margin-top:2.5rem;border-top:1px solid var(--line);padding-top:.8rem;font-size:.85rem}
`;
