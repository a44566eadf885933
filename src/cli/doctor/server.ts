import { connect } from 'node:tls';
import { LatchkeyError } from '../../domain/errors.ts';
import { actorForPeople, recordedActor } from '../../domain/token.ts';
import { destination, readAuthorities, profiles, roleDestination, serverOf, type RoleFlags } from '../destination.ts';
import { openAp, openEnrollmentAt, type Opening } from '../open-role.ts';
import type { Check } from './checks.ts';

const soonDays = 14;
const connectMs = 5_000;

/** The server answers and knows the token. */
export function serverCheck(flags: RoleFlags, opening: Opening): Check {
  return {
    name: 'server',
    async look() {
      const server = await destination(flags, opening.sources);
      if (server === undefined) {
        return undefined;
      }
      const enrollment = await openEnrollmentAt(server, { ...opening, timeoutMs: opening.timeoutMs ?? connectMs });
      return `${server.url}, as ${actorForPeople(recordedActor(await enrollment.whoami()))}`;
    },
  };
}

/** The server answers and takes the token for an access point's; then it also says what time it is. */
export function registryCheck(flags: RoleFlags, opening: Opening): Check & { readonly serverTime: () => Promise<Date | undefined> } {
  let serverTime: Date | undefined;
  return {
    name: 'server',
    serverTime: async () => serverTime,
    async look() {
      if ((await roleDestination('ap', flags, opening.sources)) === undefined) {
        return undefined;
      }
      const { ap, identity, serverUrl } = await openAp(flags, '', { ...opening, timeoutMs: opening.timeoutMs ?? connectMs });
      serverTime = (await ap.changes(0, 0)).now;
      return `${serverUrl}, as ${identity.name} (${identity.apId})`;
    },
  };
}

/** The server's certificate is good, and will be for a while. */
export function certificateCheck(flags: RoleFlags): Check {
  return {
    name: 'certificate',
    async look() {
      const url = serverOf(flags);
      if (url === undefined || !url.startsWith('https:')) {
        return undefined;
      }
      const ca = readAuthorities(flags['ca-file']) ?? profiles().list().find((profile) => profile.server === url)?.ca;
      const until = await validUntil(new URL(url), ca);
      const days = Math.floor((until.getTime() - Date.now()) / 86_400_000);
      if (days < soonDays) {
        throw new LatchkeyError('certificate_invalid', `The server’s certificate ends in ${days} days.`, {
          hint: 'Renew it, and start the server again with the new one.',
        });
      }
      return `good for ${days} days`;
    },
  };
}

function validUntil(url: URL, ca: string | undefined): Promise<Date> {
  return new Promise((resolve, reject) => {
    const host = url.hostname.replace(/^\[|\]$/g, '');
    const socket = connect({ host, port: Number(url.port || 443), servername: /[a-z]/i.test(host) ? host : '', timeout: connectMs, ...(ca === undefined ? {} : { ca }) });
    socket.once('secureConnect', () => {
      const { valid_to: until } = socket.getPeerCertificate();
      socket.destroy();
      resolve(new Date(until));
    });
    socket.once('timeout', () => socket.destroy(new Error('no answer')));
    socket.once('error', (error: NodeJS.ErrnoException) => {
      const code = error.syscall === undefined && error.code !== undefined ? 'certificate_invalid' : 'remote_unreachable';
      reject(new LatchkeyError(code, `${url.host}: ${error.message}`, { cause: error }));
    });
  });
}
