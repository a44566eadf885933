import type { BatchDetails, BatchMoment, Period, Share, Yield } from '../domain/batch.ts';
import { countMarks, timeMarks } from './plot.ts';
import { thousands } from './thousands.ts';

export interface BatchReportOptions {
  readonly generatedAt: Date;
  /** Of this program. */
  readonly version: string;
}

/**
 * A batch as one HTML page that needs nothing else, no script and no network: to be mailed, printed, read in the dark.
 * All times are UTC.
 */
export function batchReport(batch: BatchDetails, { generatedAt, version }: BatchReportOptions): string {
  const { name, created, revocation } = batch;
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Batch ${escaped(name)}</title>
<style>${style}</style>
</head>
<body>
<main>
<header>
<h1>Batch <bdi>${escaped(name)}</bdi></h1>
<p>${thousands(batch.devices)} ${batch.devices === 1 ? 'device' : 'devices'}, made ${span(created)}. All times are UTC.</p>
</header>
${revocation === undefined ? '' : `<p class="notice">Revoked ${moment(revocation.at)}${revocation.reason === undefined ? '' : `: <bdi>${escaped(revocation.reason)}</bdi>`}. None of its devices gets on any network any more.</p>`}
${tiles(batch)}
${section('Devices by state over time', statesPlot(batch.timeline))}
${section('Failures by station', failuresPlot(batch))}
${section('Yield per station', yieldTable(batch))}
<div class="pair">
${section('Models', shareTable('Model', batch.models, batch.otherModels))}
${section('Onboarding SSIDs', shareTable('SSID', batch.ssids, batch.otherSsids))}
</div>
${section('First and last', periodTable(batch))}
<footer>Generated ${moment(generatedAt)} UTC by Latchkey ${escaped(version)}.</footer>
</main>
</body>
</html>
`;
}

const states = [
  { key: 'revoked', title: 'revoked' },
  { key: 'flashed', title: 'registered and flashed' },
  { key: 'registered', title: 'registered, not flashed' },
  { key: 'reserved', title: 'reserved' },
] as const;

function tiles(batch: BatchDetails): string {
  const ofRegistered = (count: number) => (batch.registered === 0 ? '' : `${share(count, batch.registered)} of registered`);
  const all: [title: string, count: number, note: string][] = [
    ['devices', batch.devices, ''],
    ['reserved', batch.reserved, share(batch.reserved, batch.devices)],
    ['registered', batch.registered, share(batch.registered, batch.devices)],
    ['flashed', batch.flashed, ofRegistered(batch.flashed)],
    ['used', batch.used, ofRegistered(batch.used)],
    ['revoked', batch.revoked, share(batch.revoked, batch.devices)],
  ];
  const tile = ([title, count, note]: (typeof all)[number]) => `<div><dt>${title}</dt><dd>${thousands(count)}</dd>${note === '' ? '' : `<dd class="note">${note}</dd>`}</div>`;
  return `<dl class="tiles">${all.map(tile).join('')}</dl>`;
}

const width = 760;
const left = 84;
const right = 16;

/** Areas upon each other, each state's as high as it has devices. */
function statesPlot(timeline: readonly BatchMoment[]): string {
  const [top, height, bottom] = [10, 250, 34];
  const [first, last] = [timeline[0]!.at.getTime(), timeline.at(-1)!.at.getTime()];
  // Something of what came last is seen, too; one moment alone has a minute around it.
  const room = first === last ? 30_000 : Math.max((last - first) * 0.04, 1000);
  const [from, to] = [first === last ? first - room : first, last + room];
  const total = ({ reserved, registered, flashed, revoked }: BatchMoment) => reserved + registered + flashed + revoked;
  const marks = countMarks(Math.max(...timeline.map(total)));
  const x = (at: number) => round(left + ((at - from) / (to - from)) * (width - left - right));
  const y = (count: number) => round(top + height - (count / marks.at(-1)!.value) * height);

  const floors = timeline.map(() => 0);
  const areas = states.map(({ key }) => {
    const lower = steps(timeline, floors, x, y, x(to));
    timeline.forEach((each, index) => (floors[index]! += each[key]));
    const upper = steps(timeline, floors, x, y, x(to));
    const isEmpty = timeline.every((each) => each[key] === 0);
    return isEmpty ? '' : `<path class="${key}" d="M${[...upper, ...lower.toReversed()].join('L')}Z"/>`;
  });
  const grid = marks.map(({ value, label }) => `<line class="grid" x1="${left}" x2="${width - right}" y1="${y(value)}" y2="${y(value)}"/><text x="${left - 8}" y="${y(value) + 4}" text-anchor="end">${label}</text>`);
  const ticks = timeMarks(from, to).map(({ value, label }) => {
    const [date, time] = label.split(' ');
    // At an edge the label would leave the plot.
    const anchor = x(value) > width - right - 40 ? 'end' : x(value) < left + 30 ? 'start' : 'middle';
    const lines = time === undefined ? [date!] : [time, date!];
    const texts = lines.map((line, index) => `<text x="${x(value)}" y="${top + height + 17 + index * 13}" text-anchor="${anchor}">${line}</text>`);
    return `<line class="tick" x1="${x(value)}" x2="${x(value)}" y1="${top + height}" y2="${top + height + 5}"/>${texts.join('')}`;
  });
  const shown = states.filter(({ key }) => timeline.some((each) => each[key] > 0));
  return legend(shown.map(({ key, title }) => [key, title])) + figure('Devices by state over time', top + height + bottom, [...grid, ...areas, ...ticks]);
}

function steps(timeline: readonly BatchMoment[], counts: readonly number[], x: (at: number) => number, y: (count: number) => number, end: number): string[] {
  return timeline.flatMap(({ at }, index) => {
    const height = y(counts[index]!);
    const next = timeline[index + 1];
    return [`${x(at.getTime())},${height}`, `${next === undefined ? end : x(next.at.getTime())},${height}`];
  });
}

const mostBars = 25;
const mostResults = 6;

/** Stations with failures, the worst first; of a bar each piece is one kind of failure. */
function failuresPlot({ stations, yield: all }: BatchDetails): string {
  const failed = stations.map((station) => ({ name: station.station, failures: station.failures, count: sum(station.failures) }))
    .filter(({ count }) => count > 0)
    .sort((a, b) => b.count - a.count || (a.name < b.name ? -1 : 1));
  if (failed.length === 0) {
    return `<p class="none">${all.tries === 0 ? 'No device of this batch was flashed yet.' : 'No try to flash a device failed.'}</p>`;
  }
  const bars = failed.slice(0, mostBars);
  const rest = failed.slice(mostBars);
  const common = all.failures.slice(0, mostResults).map(({ result }) => result);
  const hasOthers = all.failures.length > common.length;
  const [labels, top, row, bottom] = [190, 4, 24, 30];
  const marks = countMarks(bars[0]!.count);
  const height = bars.length * row;
  const x = (count: number) => round(labels + (count / marks.at(-1)!.value) * (width - labels - 60));
  const grid = marks.map(({ value, label }) => `<line class="grid" x1="${x(value)}" x2="${x(value)}" y1="${top}" y2="${top + height}"/><text x="${x(value)}" y="${top + height + 16}" text-anchor="middle">${label}</text>`);
  const drawn = bars.map(({ name, failures, count }, index) => {
    const y = top + index * row;
    let done = 0;
    const pieces = [...common.map((result) => failures.find((each) => each.result === result)?.tries ?? 0), 0].map((tries, kind) => {
      const size = kind === common.length ? count - done : tries;
      const piece = size === 0 ? '' : `<rect class="f${kind}" x="${x(done)}" y="${y + 4}" width="${round(x(done + size) - x(done))}" height="${row - 8}"/>`;
      done += size;
      return piece;
    });
    const label = `<text class="name" x="${labels - 8}" y="${y + row / 2 + 4}" text-anchor="end">${escaped(shortened(name, 26))}</text>`;
    return `<g><title>${escaped(`${name}: ${thousands(count)}`)}</title>${label}${pieces.join('')}<text x="${x(count) + 6}" y="${y + row / 2 + 4}">${thousands(count)}</text></g>`;
  });
  const kinds = [...common.map((result, kind): [string, string] => [`f${kind}`, result]), ...(hasOthers ? [[`f${common.length}`, 'other'] as [string, string]] : [])];
  const more = rest.length === 0 ? '' : `<p class="none">${thousands(rest.length)} more ${rest.length === 1 ? 'station' : 'stations'} with ${thousands(rest.reduce((total, { count }) => total + count, 0))} failures: see the table.</p>`;
  return legend(kinds) + figure('Failures by station', top + height + bottom, [...grid, ...drawn]) + more;
}

function figure(title: string, height: number, parts: readonly string[]): string {
  return `<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${title}">${parts.join('')}</svg>`;
}

function legend(entries: readonly (readonly [className: string, title: string])[]): string {
  return `<ul class="legend">${entries.map(([className, title]) => `<li><svg viewBox="0 0 10 10" aria-hidden="true"><rect class="${className}" width="10" height="10"/></svg><bdi>${escaped(title)}</bdi></li>`).join('')}</ul>`;
}

function yieldTable({ stations, yield: all }: BatchDetails): string {
  if (stations.length === 0) {
    return '<p class="none">No station has tried a device of this batch.</p>';
  }
  const row = (name: string, { devices, ok, first, firstOk, tries, failures }: Yield) => `<tr><th scope="row">${name}</th>
<td>${thousands(devices)}</td><td>${thousands(ok)}</td><td>${share(ok, devices)}</td><td>${share(firstOk, first)}</td><td>${thousands(tries)}</td>
<td class="text">${failures.map(({ result, tries }) => `<bdi>${escaped(result)}</bdi>&nbsp;${thousands(tries)}`).join(', ') || '–'}</td></tr>`;
  return `<div class="wide"><table><thead><tr><th scope="col">Station</th><th scope="col">Tried</th><th scope="col">OK</th><th scope="col">Yield</th><th scope="col">First pass</th><th scope="col">Tries</th><th scope="col" class="text">Failures</th></tr></thead>
<tbody>${stations.map(({ station, ...rest }) => row(`<bdi>${escaped(station)}</bdi>`, rest)).join('\n')}</tbody>
${stations.length === 1 ? '' : `<tfoot>${row('All stations', all)}</tfoot>`}</table></div>
<p class="none">Yield: of the devices that were tried, those that were flashed right. First pass: of the devices whose first try was at the station, those with which it went well. A device that was tried at several stations counts at each.</p>`;
}

function shareTable(title: string, shares: readonly Share[], others: number): string {
  const named = shares.map(({ name, devices }) => [name === undefined ? '(none)' : `<bdi>${escaped(name)}</bdi>`, devices] as const);
  const rows = others === 0 ? named : [...named, ['others', others] as const];
  return `<table><thead><tr><th scope="col">${title}</th><th scope="col">Devices</th></tr></thead>
<tbody>${rows.map(([name, devices]) => `<tr><th scope="row">${name}</th><td>${thousands(devices)}</td></tr>`).join('')}</tbody></table>`;
}

function periodTable({ created, registeredIn, flashedIn, revokedIn }: BatchDetails): string {
  const row = (title: string, period: Period | undefined) =>
    `<tr><th scope="row">${title}</th><td class="text">${period === undefined ? '–' : moment(period.first)}</td><td class="text">${period === undefined ? '–' : moment(period.last)}</td></tr>`;
  return `<table><thead><tr><th scope="col"></th><th scope="col" class="text">First</th><th scope="col" class="text">Last</th></tr></thead>
<tbody>${row('Created', created)}${row('Registered', registeredIn)}${row('Flashed', flashedIn)}${row('Revoked', revokedIn)}</tbody></table>`;
}

function section(title: string, content: string): string {
  return `<section><h2>${title}</h2>${content}</section>`;
}

function span({ first, last }: Period): string {
  const [from, to] = [moment(first), moment(last)];
  return from === to ? from : `${from} to ${to}`;
}

function moment(at: Date): string {
  return at.toISOString().slice(0, 19).replace('T', ' ');
}

/** Never rounded up to all of them. */
function share(part: number, whole: number): string {
  return whole === 0 ? '–' : `${(Math.floor((part / whole) * 1000) / 10).toFixed(1)}&nbsp;%`;
}

function sum(failures: Yield['failures']): number {
  return failures.reduce((total, { tries }) => total + tries, 0);
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}

/** Names of stations differ at their ends, as often as not. */
function shortened(text: string, most: number): string {
  const characters = [...text];
  const tail = Math.floor(most / 2) - 1;
  return characters.length <= most ? text : `${characters.slice(0, most - 1 - tail).join('')}…${characters.slice(-tail).join('')}`;
}

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => entities[character]!);
}

const light = `--page:#fff;--text:#1c2128;--quiet:#5c6570;--line:#d5dae0;--tile:#f4f6f8;--notice:#fdeceb;
--reserved:#b4bcc6;--registered:#6ea8e5;--flashed:#2f8f5b;--revoked:#c8463c;
--f0:#c8463c;--f1:#e08e2b;--f2:#7b5ea7;--f3:#3b7fc4;--f4:#b0507e;--f5:#4d8f8b;--f6:#8a9099;`;
const dark = `--page:#14181d;--text:#e4e8ec;--quiet:#9aa4af;--line:#3a424b;--tile:#1e242b;--notice:#3d1d1b;
--reserved:#69737e;--registered:#4f8ed0;--flashed:#3fa86e;--revoked:#e06a60;
--f0:#e06a60;--f1:#e8a04a;--f2:#a48bd0;--f3:#5c9fe0;--f4:#d27aa5;--f5:#69b3ae;--f6:#a3abb4;`;

const style = `
:root{${light}color-scheme:light dark}
@media (prefers-color-scheme:dark){:root{${dark}}}
@media print{:root{${light}color-scheme:light}body{font-size:10pt}main{max-width:none;padding:0}}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--text);font:15px/1.5 system-ui,sans-serif;-webkit-print-color-adjust:exact;print-color-adjust:exact}
main{max-width:60rem;margin:0 auto;padding:2rem 1.25rem}
h1{font-size:1.7rem;line-height:1.25;margin:0;overflow-wrap:anywhere}
h2{font-size:1.1rem;margin:2rem 0 .5rem;break-after:avoid}
header p,.none,footer{color:var(--quiet)}
.none{font-size:.85rem}
.notice{background:var(--notice);border-left:4px solid var(--revoked);padding:.6rem .9rem;overflow-wrap:anywhere}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(8rem,1fr));gap:.6rem;margin:1.2rem 0}
.tiles div{background:var(--tile);border-radius:6px;padding:.6rem .8rem}
.tiles dt{color:var(--quiet);font-size:.85rem}
.tiles dd{margin:0;font-size:1.35rem;font-variant-numeric:tabular-nums}
.tiles .note{font-size:.8rem;color:var(--quiet)}
section>svg{display:block;width:100%;height:auto;break-inside:avoid}
svg text{font-size:11.5px;fill:var(--quiet);font-variant-numeric:tabular-nums}
svg .name{fill:var(--text);unicode-bidi:isolate}
svg .grid,svg .tick{stroke:var(--line);stroke-width:1}
${[...states.map(({ key }) => key), ...Array.from({ length: mostResults + 1 }, (_, kind) => `f${kind}`)].map((key) => `.${key}{fill:var(--${key})}`).join('')}
.legend{display:flex;flex-wrap:wrap;gap:.2rem 1.1rem;list-style:none;margin:0 0 .4rem;padding:0;font-size:.85rem}
.legend svg{width:.75rem;height:.75rem;margin-right:.4rem;vertical-align:-.05rem}
.legend li,th,.text{overflow-wrap:anywhere}
td:not(.text){white-space:nowrap}
.wide{overflow-x:auto}
.wide .text{min-width:13rem}
.wide th:first-child{min-width:8rem}
.legend{break-after:avoid}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}
thead{display:table-header-group}
tr{break-inside:avoid}
th,td{padding:.3rem .6rem;border-bottom:1px solid var(--line);text-align:right;font-weight:400;vertical-align:top}
thead th{color:var(--quiet);font-size:.85rem;vertical-align:bottom;overflow-wrap:normal}
tfoot th,tfoot td{border-top:2px solid var(--line);font-weight:600}
th:first-child,.text{text-align:left}
.pair{display:grid;grid-template-columns:repeat(auto-fit,minmax(17rem,1fr));gap:0 2rem}
footer{margin-top:2.5rem;border-top:1px solid var(--line);padding-top:.8rem;font-size:.85rem}
`;
