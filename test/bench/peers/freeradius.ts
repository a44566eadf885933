import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { benchDevice } from '../bench-device.ts';
import { serverCore } from '../cores.ts';
import { PinnedProcess } from '../pinned-process.ts';

/** Debian's freeradius 3: it too answers from an indexed row of SQLite whether a name's password is right. */
const program = '/usr/sbin/freeradius';
const raddb = '/etc/freeradius/3.0';
export const sharedSecret = 'latchkey-bench';

/** What a FreeRADIUS does. */
export interface FreeRadiusSite {
  readonly modules: readonly string[];
  /** Whether it looks for the groups of a user. */
  readonly groups: boolean;
  /** The queries of its SQL module. */
  readonly queries: string;
  /** Lines of its sections. */
  readonly authorize: readonly string[];
  readonly authenticate: readonly string[];
  /** Threads that answer, each with a connection to the database. */
  readonly threads: number;
  /** Whether requests have to carry a Message-Authenticator. */
  readonly signed: boolean;
}

/** The modules of the site that the package installs, but for EAP and what writes. */
export const shippedModules = ['always', 'attr_filter', 'chap', 'digest', 'expiration', 'expr', 'files', 'logintime', 'mschap', 'pap',
  'preprocess', 'realm'];
/** What that site asks them, in their order. */
export const shippedAuthorize = ['preprocess', 'chap', 'mschap', 'digest', 'suffix', 'files', 'sql', 'expiration', 'logintime', 'pap'];
export const shippedQueries = `$INCLUDE ${raddb}/mods-config/sql/main/sqlite/queries.conf`;

export function hasFreeRadius(): boolean {
  return existsSync(program) && existsSync(raddb);
}

/** FreeRADIUS's own tables that are read, and what `fill` makes beside them and puts in; made once. */
export function radiusTables(file: string, fill: (db: DatabaseSync) => void): string {
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
    begin`);
  fill(db);
  db.exec('commit; create index check_username on radcheck (username); create index reply_username on radreply (username)');
  db.close();
  // Renamed last, so that a run that was interrupted leaves no half of it.
  renameSync(`${file}.part`, file);
  return file;
}

/** With the bench's devices as users. */
export function radiusDatabase(folder: string, devices: number): string {
  return radiusTables(join(folder, `freeradius-${devices}.db`), (db) => {
    const insert = db.prepare(`insert into radcheck (username, attribute, op, value) values (?, 'Cleartext-Password', ':=', ?)`);
    for (let number = 0; number < devices; number += 1) {
      const { uuid, passTmp } = benchDevice(number);
      insert.run(uuid, passTmp);
    }
  });
}

/**
 * Sites that answer PAP. `as shipped`: the modules and queries of the site that the package installs, but for EAP (which
 * asks for PAP's password nothing) and what writes. `bare`: PAP and one query.
 */
export const papSites = {
  'as shipped': {
    modules: shippedModules,
    groups: true,
    queries: shippedQueries,
    authorize: shippedAuthorize,
    authenticate: ['pap'],
    threads: 4,
    signed: false,
  },
  bare: {
    modules: ['pap'],
    groups: false,
    queries: `sql_user_name = "%{User-Name}"
    authorize_check_query = "SELECT id, username, attribute, value, op FROM radcheck WHERE username = '%{SQL-User-Name}' ORDER BY id"`,
    authorize: ['sql', 'pap'],
    authenticate: ['pap'],
    threads: 4,
    signed: false,
  },
} as const satisfies Record<string, FreeRadiusSite>;

function configuration(site: FreeRadiusSite, folder: string, database: string, port: number): string {
  const { modules, groups, queries, authorize, authenticate, threads, signed } = site;
  return `
prefix = /usr
localstatedir = ${folder}
name = freeradius
logdir = ${folder}
run_dir = ${folder}
db_dir = ${folder}
libdir = /usr/lib/freeradius
raddbdir = ${raddb}
confdir = ${raddb}
modconfdir = ${raddb}/mods-config
pidfile = ${folder}/freeradius.pid
max_requests = 65536
cleanup_delay = 0
hostname_lookups = no
proxy_requests = no
log {
  destination = files
  file = ${folder}/radius.log
  auth = no
}
security {
  max_attributes = 200
  reject_delay = 1
  status_server = no
}
thread pool {
  start_servers = ${threads}
  max_servers = ${threads}
  min_spare_servers = 1
  max_spare_servers = ${threads}
  max_requests_per_server = 0
}
client bench {
  ipaddr = 127.0.0.1
  secret = ${sharedSecret}
  require_message_authenticator = ${signed ? 'yes' : 'no'}
}
modules {
${modules.map((name) => `  $INCLUDE ${raddb}/mods-available/${name}`).join('\n')}
  sql {
    dialect = "sqlite"
    driver = "rlm_sql_sqlite"
    sqlite {
      filename = "${database}"
      busy_timeout = 200
    }
    radius_db = "radius"
    acct_table1 = "radacct"
    acct_table2 = "radacct"
    postauth_table = "radpostauth"
    authcheck_table = "radcheck"
    groupcheck_table = "radgroupcheck"
    authreply_table = "radreply"
    groupreply_table = "radgroupreply"
    usergroup_table = "radusergroup"
    client_table = "nas"
    group_attribute = "SQL-Group"
    read_clients = no
    read_groups = ${groups ? 'yes' : 'no'}
    read_profiles = ${groups ? 'yes' : 'no'}
    ${queries}
    pool {
      start = ${threads}
      min = ${threads}
      max = ${threads}
      spare = 0
      uses = 0
      lifetime = 0
      idle_timeout = 0
    }
  }
}
server default {
  listen {
    type = auth
    ipaddr = 127.0.0.1
    port = ${port}
  }
  authorize {
${authorize.map((name) => `    ${name}`).join('\n')}
  }
  authenticate {
${authenticate.map((name) => `    ${name}`).join('\n')}
  }
}
`;
}

export async function freeUdpPort(): Promise<number> {
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const { port } = socket.address();
  socket.close();
  await once(socket, 'close');
  return port;
}

/** Runs in the foreground on the server's core; asked before it listens, it is asked again. */
export async function startFreeRadius(
  site: FreeRadiusSite,
  folder: string,
  database: string,
): Promise<{ server: PinnedProcess; port: number }> {
  const port = await freeUdpPort();
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'radiusd.conf'), configuration(site, folder, database, port), { mode: 0o600 });
  return { server: new PinnedProcess(serverCore, [program, '-f', '-d', folder]), port };
}
