import { comparisonSchema } from '../../api/devices.ts';
import { arrayOf, boolean, count, object, oneOf, type Static } from '../../api/schema.ts';
import type { NvsEntry } from '../../formats/nvs/layout.ts';
import type { IdentityComparison } from '../../roles/factory/ports.ts';
import type { ReadBack } from '../images/read-back.ts';
import type { Screen } from './screen.ts';
import { details, table } from './table.ts';

const text = { type: 'string' } as const;
const entrySchema = object('NvsEntry', { namespace: text, key: text, type: text, bytes: count }, { value: { ...text, description: 'With --reveal: a text, an integer in decimal digits, or a blob in hexadecimal.' } });
const damageSchema = object('Damage', { kind: text, detail: text }, { page: count, entry: count });
const pageSchema = object('NvsPage', { state: oneOf(['empty', 'active', 'full', 'freeing']), sequence: count, written: count, erased: count });
export const readBackSchema = object(
  'ReadBack',
  { ok: boolean, entries: arrayOf(entrySchema), pages: arrayOf(pageSchema), erased: count, damages: arrayOf(damageSchema), missing: arrayOf(text) },
  { uuid: text, ssid: text, pass_tmp: text, comparison: comparisonSchema },
);
export type ReadBackWire = Static<typeof readBackSchema>;

interface Shown {
  readonly reveal: boolean;
  readonly ok: boolean;
  readonly comparison: IdentityComparison | undefined;
}

export function readBackToWire(read: ReadBack, { reveal, ok, comparison }: Shown): ReadBackWire {
  const { uuid, ssid, passTmp, entries, pages, erased, damages, missing } = read;
  return {
    ok,
    ...(uuid === undefined ? {} : { uuid }),
    ...(ssid === undefined ? {} : { ssid }),
    ...(reveal && passTmp !== undefined ? { pass_tmp: passTmp } : {}),
    ...(comparison === undefined ? {} : { comparison: { ...comparison, differing: [...comparison.differing] } }),
    entries: entries.map((entry) => ({
      namespace: entry.namespace,
      key: entry.key,
      type: entry.type,
      bytes: bytesOf(entry),
      ...(reveal ? { value: entry.type === 'blob' ? Buffer.from(entry.value).toString('hex') : `${entry.value}` } : {}),
    })),
    pages: pages.map((page) => ({ ...page })),
    erased,
    damages: damages.map(({ kind, page, entry, detail }) => ({
      kind,
      ...(page === undefined ? {} : { page }),
      ...(entry === undefined ? {} : { entry }),
      detail,
    })),
    missing: [...missing],
  };
}

function bytesOf(entry: NvsEntry): number {
  switch (entry.type) {
    case 'string':
      return Buffer.byteLength(entry.value);
    case 'blob':
      return entry.value.length;
    default:
      return Number(entry.type.slice(1)) / 8;
  }
}

function pagesOf({ pages }: ReadBackWire): string {
  const states = ['full', 'active', 'freeing'] as const;
  return states
    .map((state) => [pages.filter((page) => page.state === state).length, state] as const)
    .flatMap(([number, state]) => (number === 0 ? [] : `${number} ${state}`))
    .join(', ');
}

export function presentReadBack(read: ReadBackWire, screen: Screen): string {
  const { comparison } = read;
  const head = details(
    [
      ['uuid', read.uuid],
      ['onboarding SSID', read.ssid],
      ['pass_tmp', read.pass_tmp ?? (read.missing.length === 0 ? 'shown with --reveal' : undefined)],
      ['pages', pagesOf(read)],
      ['deleted entries', read.erased === 0 ? undefined : `${read.erased}`],
      ['registry', comparison && (comparison.differing.length > 0 ? `another ${comparison.differing.join(' and ')}` : `the same, ${comparison.state}`)],
    ],
    screen,
  );
  const entries = table(
    read.entries,
    [
      { title: 'NAMESPACE', cell: (entry) => entry.namespace },
      { title: 'KEY', cell: (entry) => entry.key },
      { title: 'TYPE', cell: (entry) => entry.type },
      { title: 'BYTES', cell: (entry) => `${entry.bytes}` },
      { title: 'VALUE', cell: (entry) => entry.value },
    ],
    screen,
  );
  const damages = table(
    read.damages,
    [
      { title: 'PAGE', cell: ({ page }) => `${page ?? ''}` },
      { title: 'ENTRY', cell: ({ entry }) => `${entry ?? ''}` },
      { title: 'DAMAGE', cell: ({ kind }) => kind },
      { title: 'DETAIL', cell: ({ detail }) => detail },
    ],
    screen,
  );
  return [head, ...(read.entries.length === 0 ? [] : [entries]), ...(read.damages.length === 0 ? [] : [damages])].join('\n\n');
}
