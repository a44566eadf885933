import type { MandateWire } from '../../api/registers.ts';
import { moneyForPeople } from './money.ts';
import type { Screen } from './screen.ts';
import { details, table } from './table.ts';
import { localTime } from './time.ts';

export function presentMandate(mandate: MandateWire, screen: Screen): string {
  return details(
    [
      ['subject', mandate.subject_id],
      ['account', mandate.account_id],
      ['at a tap', perTap(mandate)],
      ['in a day', perDay(mandate)],
      ['set', localTime(mandate.set_at)],
      ['ended', mandate.ended_at && localTime(mandate.ended_at)],
    ],
    screen,
  );
}

export function presentMandates({ mandates }: { readonly mandates: readonly MandateWire[] }, screen: Screen): string {
  return mandates.length === 0 ? 'Nothing may be taken by tapping.' : table(
    mandates,
    [
      { title: 'SUBJECT', cell: ({ subject_id: subject }) => subject },
      { title: 'ACCOUNT', cell: ({ account_id: account }) => account },
      { title: 'AT A TAP', right: true, cell: perTap },
      { title: 'IN A DAY', right: true, cell: perDay },
      { title: 'SET', cell: ({ set_at: at }) => localTime(at) },
      { title: 'ENDED', cell: ({ ended_at: at }) => at && localTime(at) },
    ],
    screen,
  );
}

function perTap({ per_tap: minor, currency }: MandateWire): string {
  return moneyForPeople({ minor, currency });
}

function perDay({ per_day: minor, currency }: MandateWire): string {
  return moneyForPeople({ minor, currency });
}
