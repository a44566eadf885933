import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { radiusTables, shippedAuthorize, shippedModules, shippedQueries, type FreeRadiusSite } from '../peers/freeradius.ts';
import { benchStation } from './bench-station.ts';

/** What is the same for all is told by its configuration. */
const sameForAll = `
    update control {
      Auth-Type := Accept
    }
    update reply {
      Message-Authenticator := 0x00
      Tunnel-Type := VLAN
      Tunnel-Medium-Type := IEEE-802
      Acct-Interim-Interval := 300
      Chargeable-User-Identity := "%{reply:Class}"
    }`;

/**
 * Sites that answer who may join a Wi-Fi network, and with which password. `as shipped`: the modules and queries of the site
 * that the package installs, but for EAP and what writes. `bare`: one query by the table's key, and nothing else.
 */
export const stationSites = {
  'as shipped': {
    modules: shippedModules,
    groups: true,
    queries: shippedQueries,
    authorize: [...shippedAuthorize, sameForAll],
    authenticate: ['pap'],
    threads: 8,
    signed: true,
  },
  bare: {
    modules: [],
    groups: false,
    queries: '',
    authorize: [`
    if ("%{sql:SELECT password || ' ' || vlan || ' ' || grant_id FROM stations WHERE mac = '%{User-Name}'}" =~ /^([^ ]+) ([^ ]+) ([^ ]+)$/) {
      update reply {
        Tunnel-Password := "%{1}"
        Tunnel-Private-Group-Id := "%{2}"
        Class := "%{3}"
      }${sameForAll.replaceAll('\n', '\n  ')}
    }`],
    authenticate: [],
    threads: 4,
    signed: true,
  },
} as const satisfies Record<string, FreeRadiusSite>;

/** FreeRADIUS's own tables that are read, and one by the station's address, with the bench's stations; written ahead. */
export function stationDatabase(cache: string, grants: number): string {
  const file = radiusTables(join(cache, `freeradius-stations-${grants}.db`), (db) => {
    db.exec('create table stations (mac text not null primary key, password text not null, vlan integer not null, grant_id text not null) without rowid');
    const check = db.prepare(`insert into radcheck (username, attribute, op, value) values (?, 'Auth-Type', ':=', 'Accept')`);
    const reply = db.prepare(`insert into radreply (username, attribute, op, value) values (?, ?, ':=', ?)`);
    const station = db.prepare('insert into stations (mac, password, vlan, grant_id) values (?, ?, ?, ?)');
    for (let number = 0; number < grants; number += 1) {
      const { mac, password, vlan, grantId } = benchStation(number);
      const user = mac.replaceAll(':', '');
      check.run(user);
      reply.run(user, 'Tunnel-Password', password);
      reply.run(user, 'Tunnel-Private-Group-Id', String(vlan));
      reply.run(user, 'Class', grantId);
      station.run(user, password, vlan, grantId);
    }
  });
  const db = new DatabaseSync(file);
  db.exec('pragma journal_mode = wal');
  db.close();
  return file;
}
