import { existsSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { shippedAuthorize, shippedModules, shippedQueries, type FreeRadiusSite } from '../peers/freeradius.ts';
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

/** FreeRADIUS's own tables that are read, and one by the station's address, with the bench's stations. */
export function stationDatabase(cache: string, grants: number): string {
  const file = join(cache, `freeradius-stations-${grants}.db`);
  if (existsSync(file)) {
    return file;
  }
  rmSync(`${file}.part`, { force: true });
  const db = new DatabaseSync(`${file}.part`);
  const pair = `(id integer primary key autoincrement, username varchar(64) not null default '',
    attribute varchar(64) not null default '', op char(2) not null default '==', value varchar(253) not null default '')`;
  db.exec(`pragma journal_mode = off; pragma synchronous = off; pragma cache_size = -2000000;
    create table radcheck ${pair};
    create table radreply ${pair};
    create table radusergroup (id integer primary key autoincrement, username varchar(64) not null default '',
      groupname varchar(64) not null default '', priority int(11) not null default '1');
    create index usergroup_username on radusergroup (username);
    create table stations (mac text not null primary key, password text not null, vlan integer not null, grant_id text not null) without rowid;
    begin`);
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
  db.exec('commit; create index check_username on radcheck (username); create index reply_username on radreply (username); pragma journal_mode = wal');
  db.close();
  // Renamed last, so that a run that was interrupted leaves no half of it.
  renameSync(`${file}.part`, file);
  return file;
}
