import type { StationWire } from '../../api/agent-control.ts';
import { trafficForPeople } from '../../domain/traffic.ts';
import type { Screen } from './screen.ts';
import { table } from './table.ts';
import { span } from './time.ts';

export function presentStations(items: readonly StationWire[], screen: Screen): string {
  if (items.length === 0) {
    return 'Nobody is on.';
  }
  return table(
    items,
    [
      { title: 'STATION', cell: (station) => station.mac },
      { title: 'GRANT', cell: (station) => station.grant_id },
      { title: 'LABEL', cell: (station) => station.label },
      { title: 'SIGNAL', cell: ({ signal_dbm: signal }) => (signal === undefined ? undefined : `${signal} dBm`) },
      { title: 'RATE', cell: rate },
      { title: 'FROM IT', cell: (station) => trafficForPeople(BigInt(station.bytes_in)) },
      { title: 'TO IT', cell: (station) => trafficForPeople(BigInt(station.bytes_out)) },
      { title: 'TIME', cell: (station) => span(station.seconds * 1000) },
      { title: 'BSS', cell: (station) => station.bss },
    ],
    screen,
  );
}

function rate({ rate_in_kbps: from, rate_out_kbps: to }: StationWire): string | undefined {
  const fastest = Math.max(from ?? 0, to ?? 0);
  return fastest === 0 ? undefined : `${(fastest / 1000).toFixed(fastest < 10_000 ? 1 : 0)} Mbit/s`;
}
