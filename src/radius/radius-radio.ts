import { LatchkeyError } from '../domain/errors.ts';
import type { Grant } from '../domain/grant.ts';
import type { Security } from '../domain/ssid.ts';
import { newPassword } from '../protocol/wifi-password.ts';
import type { Log } from '../roles/agent/log.ts';
import type { AskedAgent, AskedRadio, Session, SessionReport, SessionTerms } from '../roles/agent/radio.ts';
import type { GrantKeyStore } from '../roles/agent/store.ts';
import type { Credential } from '../roles/device/ports.ts';
import { remember } from '../roles/remember.ts';
import type { AccountingRecord } from './accounting-record.ts';
import { DynamicAuthorization, type DynamicAuthorizationAnswer } from './dynamic-authorization.ts';
import type { NasClient } from './nas-clients.ts';
import { RadiusServer, type RadiusCounters, type RadiusEndpoint } from './radius-server.ts';

/** An access point, controller or proxy, and where it takes orders (by default at port 3799). */
export interface RadiusNas extends NasClient {
  readonly ordersPort?: number | undefined;
}

export interface RadiusRadioOptions {
  readonly authentication: RadiusEndpoint;
  readonly accounting: RadiusEndpoint | undefined;
  readonly clients: readonly RadiusNas[];
  readonly ssid: string;
  readonly security: Security;
  readonly restrictedVlan: number | undefined;
  readonly keys: Pick<GrantKeyStore, 'grantKey' | 'saveGrantKeys'>;
  readonly log: Log;
}

/** An order is tried three times within three seconds, and later again. */
const waitsMs = [400, 800, 1600];
/** RFC 5176 section 3.5: there is no such session. */
const sessionNotFound = 503;
const mostNas = 65_536;

/** Access points that ask by RADIUS whom they may let in, account for it, and take orders (RFC 5176). */
export class RadiusRadio implements AskedRadio {
  readonly kind = 'radius';
  readonly enforcement = 'per-grant';
  readonly restrictedVlan: number | undefined;
  readonly #options: RadiusRadioOptions;
  readonly #clients: ReadonlyMap<string, RadiusNas>;
  /** By address: one that does not answer keeps nobody else waiting. */
  readonly #orders = new Map<string, DynamicAuthorization>();
  #server: RadiusServer | undefined;

  constructor(options: RadiusRadioOptions) {
    this.#options = options;
    this.restrictedVlan = options.restrictedVlan;
    this.#clients = new Map(options.clients.map((client) => [client.name, client]));
  }

  async open(agent: AskedAgent): Promise<void> {
    const { authentication, accounting, clients, log } = this.#options;
    this.#server = await RadiusServer.listen({
      authentication,
      accounting,
      clients,
      backend: {
        admit: (station) => agent.admit(station),
        account: (record) => (isOfSession(record) ? agent.account(record) : agent.restarted(record)),
      },
      log,
    });
    log('info', 'Access points may ask by RADIUS.', { authentication: this.#server.authentication, accounting: this.#server.accounting });
  }

  /** Where it listens; undefined before `open`. */
  get ports(): { readonly authentication: number; readonly accounting: number } | undefined {
    return this.#server && { authentication: this.#server.authentication.port, accounting: this.#server.accounting.port };
  }

  get counters(): Readonly<Record<string, number>> {
    return this.#server === undefined ? {} : named(this.#server.counters);
  }

  async credential({ id }: Pick<Grant, 'id'>): Promise<Credential> {
    const { keys, ssid, security } = this.#options;
    let password = keys.grantKey(id)?.password;
    if (password === undefined) {
      password = newPassword();
      keys.saveGrantKeys(new Map([[id, { ssid: undefined, password }]]));
    }
    return { ssid, password, security };
  }

  async end(session: Session): Promise<void> {
    this.#expectDone(session, await this.#order(session, (orders, target) => orders.disconnect(target, session)));
  }

  async change(session: Session, terms: SessionTerms): Promise<boolean> {
    // A VLAN can be named and not taken back: one without comes anew.
    const answer = terms.vlan === undefined ? undefined : await this.#order(session, (orders, target) => orders.changeOfAuthorization(target, { ...session, ...terms }));
    if (answer === 'ack') {
      return true;
    }
    if (answer === 'no-answer') {
      throw silent(session);
    }
    await this.end(session);
    return false;
  }

  async close(): Promise<void> {
    await this.#server?.close();
    this.#server = undefined;
  }

  async #order(
    session: Session,
    give: (orders: DynamicAuthorization, target: { address: string; port: number | undefined; secret: string }) => Promise<DynamicAuthorizationAnswer>,
  ): Promise<DynamicAuthorizationAnswer> {
    const client = this.#clients.get(session.nas);
    if (client === undefined) {
      throw new LatchkeyError('radio_unreachable', `No access point is called ${session.nas} any more, where a session is to be ended.`, { hint: 'Name it with --nas again.' });
    }
    const address = session.nasAddress;
    const orders = this.#orders.get(address) ?? new DynamicAuthorization({ waitsMs });
    remember(this.#orders, address, orders, mostNas);
    return give(orders, { address, port: client.ordersPort, secret: client.secret });
  }

  #expectDone(session: Session, answer: DynamicAuthorizationAnswer): void {
    if (answer === 'no-answer') {
      throw silent(session);
    }
    if (answer !== 'ack' && answer.nak !== sessionNotFound) {
      throw unreachable(session, `refuses to end a session${answer.nak === undefined ? '' : ` (Error-Cause ${answer.nak})`}`);
    }
  }
}

function isOfSession(record: AccountingRecord): record is SessionReport {
  return 'sessionId' in record;
}

function silent(session: Session): LatchkeyError {
  return unreachable(session, 'does not answer to orders (RFC 5176)');
}

function unreachable({ nas, nasAddress }: Session, what: string): LatchkeyError {
  return new LatchkeyError('radio_unreachable', `The access point ${nas} (${nasAddress}) ${what}; who is on without a right to it stays on.`, {
    hint: `Let it take orders (RFC 5176) from this machine, at the port of --nas ${nas}=…,orders=PORT (3799 if left out).`,
  });
}

function named({ dropped, passedOver, statusChecks, ...counters }: RadiusCounters): Record<string, number> {
  const drops = Object.entries(dropped).map(([reason, count]) => [`dropped_${reason}`, count] as const);
  return { ...counters, passed_over: passedOver, status_checks: statusChecks, ...Object.fromEntries(drops) };
}
