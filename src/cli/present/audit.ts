import type { AuditEntryWire, AuditVerificationWire, SignedAuditHeadWire } from '../../api/audit.ts';
import { actorForPeople } from '../../domain/token.ts';
import { morePages, type PageWire } from './page.ts';
import type { Screen } from './screen.ts';
import { details, table, type Column } from './table.ts';
import { localTime } from './time.ts';

const columns: readonly Column<AuditEntryWire>[] = [
  { title: 'TIME', cell: (entry) => localTime(entry.at) },
  { title: 'ACTION', cell: (entry) => entry.action },
  { title: 'BY', cell: (entry) => actorForPeople(entry.actor) },
  { title: 'AP', cell: (entry) => entry.ap_id },
  { title: 'DETAIL', cell: detail },
];

/** One device's trail. */
export function presentHistory(page: PageWire<AuditEntryWire>, screen: Screen): string {
  return table(page.items, columns, screen) + morePages(page, screen);
}

export function presentAudit(page: PageWire<AuditEntryWire>, screen: Screen): string {
  if (page.items.length === 0) {
    return 'No entries.';
  }
  const withDevice = [...columns.slice(0, 3), { title: 'DEVICE', cell: (entry: AuditEntryWire) => entry.uuid }, ...columns.slice(3)];
  return table(page.items, withDevice, screen) + morePages(page, screen);
}

export function presentVerification(verification: AuditVerificationWire, screen: Screen): string {
  const { broken, head } = verification;
  return details(
    [
      ['result', verification.ok ? 'the chain is whole' : `broken at entry ${broken?.id}: ${broken?.detail}`],
      ['entries', head?.count],
      ['last entry', head?.id],
      ['hash', head?.hash],
      ['not yet sealed', verification.unsealed === '0' ? undefined : verification.unsealed],
    ],
    screen,
  );
}

export function presentHead(head: SignedAuditHeadWire, screen: Screen): string {
  return details(
    [
      ['entries', head.count],
      ['last entry', head.id],
      ['hash', head.hash],
      ['time', localTime(head.at)],
      ['public key', head.public_key],
      ['signature', head.signature],
    ],
    screen,
  );
}

function detail({ detail, asked }: AuditEntryWire): string {
  // Their list is in --json; one device's own is its history.
  const shown = asked === undefined ? detail : { ...detail, devices: asked.length };
  return Object.entries(shown)
    .map(([name, value]) => `${name}=${name === 'by' ? actorForPeople(String(value)) : value}`)
    .join(' ');
}
