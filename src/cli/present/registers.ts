import { accessPointSchema, accessPointToWire, type AccessPointWire } from '../../api/access-points.ts';
import { amountSchema, amountToWire } from '../../api/money.ts';
import { arrayOf, boolean, count, id, instant, object, oneOf, text, type Static } from '../../api/schema.ts';
import { saleSchema, saleToWire, type RegisterWire } from '../../api/registers.ts';
import { instantToWire, present } from '../../api/wire.ts';
import type { Enforcement, Grant } from '../../domain/grant.ts';
import { tenders, type Register, type Sale } from '../../domain/sale.ts';
import type { BegunCharge } from '../../roles/pos/charge-journal.ts';
import type { AccessPoint } from '../../roles/store.ts';
import type { CodesHere } from '../accepting/codes-here.ts';
import { moneyForPeople } from './money.ts';
import type { Screen } from './screen.ts';
import { details, table } from './table.ts';
import { tariffInShort, tariffSchema, tariffToWire, type TariffWire } from './tariffs.ts';
import { settleByForPeople } from './settlements.ts';
import { subjectForPeople } from './subjects.ts';
import { age, duration, localTime } from './time.ts';
import { trustAgeForPeople } from './trust-lists.ts';

const words = { type: 'string' } as const;
const thumbprint = { ...words, description: 'Of its key (RFC 7638), for `ap serve --pos-key`.' } as const;

export const shownRegisterSchema = object(
  'ShownRegister',
  { register_id: id, name: text, payee_id: id, network: accessPointSchema, key_is_here: boolean, has_network_password: boolean },
  { tariff: tariffSchema, thumbprint, network_password: words },
);
export type ShownRegisterWire = Static<typeof shownRegisterSchema>;

export interface ShownRegister {
  readonly register: Register;
  readonly network: AccessPoint;
  readonly thumbprint: string | undefined;
  /** Whether the private half of that key is in the secret store. */
  readonly keyIsHere: boolean;
  readonly hasNetworkPassword: boolean;
  /** Where it was asked for. */
  readonly networkPassword: string | undefined;
}

export function shownRegisterToWire({ register, network, thumbprint: print, keyIsHere, hasNetworkPassword, networkPassword }: ShownRegister): ShownRegisterWire {
  return present({
    register_id: register.id,
    name: register.name,
    payee_id: register.payeeId,
    network: accessPointToWire(network),
    tariff: register.tariff && tariffToWire(register.tariff),
    thumbprint: print,
    key_is_here: keyIsHere,
    has_network_password: hasNetworkPassword,
    network_password: networkPassword,
  });
}

export function presentRegister(register: ShownRegisterWire, screen: Screen): string {
  const { network, tariff, thumbprint: print, network_password: password } = register;
  return details(
    [
      ['register', `${register.name} (${register.register_id})`],
      ['charges for', register.payee_id],
      ['network', network.ssid ?? 'none yet'],
      ['access point', `${network.name} (${network.ap_id})`],
      ['enforcement', enforcementForPeople(network)],
      ['password', password ?? (register.has_network_password ? '(hidden, see --reveal)' : undefined)],
      ['tariff', tariffLine(tariff)],
      ['thumbprint', print === undefined ? undefined : `${print}${register.key_is_here ? '' : ', of a key that is not in the secret store of this machine'}`],
    ],
    screen,
  );
}

export function presentRegisterTariff({ name, register_id: registerId, tariff }: RegisterWire, screen: Screen): string {
  return details([['register', `${name} (${registerId})`], ['tariff', tariffLine(tariff as unknown as TariffWire | undefined)]], screen);
}

function tariffLine(tariff: TariffWire | undefined): string {
  return tariff === undefined ? 'none: it sells no time' : tariffInShort(tariff);
}

const enforcementWords: Readonly<Record<Enforcement, string>> = {
  none: 'none: who knows the network’s password stays on it',
  'shared-password': 'the list is known to the access point, but its network has one password for all',
  'per-grant': 'each has a password of their own, which ends with the time',
};

function enforcementForPeople({ enforcement = 'none' }: AccessPointWire): string {
  return enforcementWords[enforcement];
}

const waitingSchema = object('WaitingGrant', { grant_id: id, subject: object('WaitingSubject', { kind: words, id: words }), since: instant, waiting_ms: count });
const openChargeSchema = object('OpenCharge', { key: id, amount: amountSchema, tender: oneOf(tenders), since: instant });
const codesHereSchema = object('CodesHere', { waiting: { ...count, description: 'Accepted, and not settled yet.' } }, { settle_by: { ...instant, description: 'The first of them.' }, trust_as_of: instant });
export const registerStatusSchema = object(
  'RegisterStatus',
  { reachable: { ...boolean, description: 'Whether the server was asked; else the rest is what this machine knows.' }, open_charges: arrayOf(openChargeSchema) },
  { register_id: id, name: text, network: accessPointSchema, enforced: boolean, waiting: arrayOf(waitingSchema), codes: codesHereSchema, last_sale: saleSchema },
);
export type RegisterStatusWire = Static<typeof registerStatusSchema>;

export interface RegisterStatus {
  readonly register: Register;
  readonly network: AccessPoint;
  readonly enforced: boolean;
  /** Paid for, and the radio could not be told yet. */
  readonly waiting: readonly Grant[];
  /** Charges whose outcome is not known. */
  readonly open: readonly BegunCharge[];
  /** Undefined as long as there are none. */
  readonly codes: CodesHere | undefined;
  readonly lastSale: Sale | undefined;
}

export function registerStatusToWire({ register, network, enforced, waiting, open, codes, lastSale }: RegisterStatus): RegisterStatusWire {
  return present({
    reachable: true,
    register_id: register.id,
    name: register.name,
    network: accessPointToWire(network),
    enforced,
    waiting: waiting.map((grant) => ({
      grant_id: grant.id, subject: { kind: grant.subject.kind, id: grant.subject.id }, since: instantToWire(grant.startsAt), waiting_ms: grant.waitingMs ?? 0,
    })),
    open_charges: open.map(openChargeToWire),
    codes: codes && codesHereToWire(codes),
    last_sale: lastSale && saleToWire(lastSale),
  });
}

/** What is known while the server is away. */
export function awayStatusToWire({ open, codes }: Pick<RegisterStatus, 'open' | 'codes'>): RegisterStatusWire {
  return present({ reachable: false, open_charges: open.map(openChargeToWire), codes: codes && codesHereToWire(codes) });
}

function codesHereToWire({ waiting: { count: waiting, settleBy }, trustAsOf }: CodesHere): Static<typeof codesHereSchema> {
  return present({ waiting, settle_by: instantToWire(settleBy), trust_as_of: instantToWire(trustAsOf) });
}

function openChargeToWire({ charge: { key, amount, authority }, begunAt }: BegunCharge) {
  return { key, amount: amountToWire(amount), tender: authority.kind, since: instantToWire(begunAt) };
}

export function presentRegisterStatus(status: RegisterStatusWire, screen: Screen): string {
  const { network, waiting = [], open_charges: open, last_sale: sale, enforced = false, codes } = status;
  const now = new Date();
  const head = details(
    [
      ['server', status.reachable ? undefined : 'away: this is what is written down on this machine'],
      ['register', status.name && `${status.name} (${status.register_id})`],
      ['network', network && (network.ssid ?? 'none yet')],
      ['access point', network && `${network.name} (${network.ap_id})${network.last_seen_at === undefined || !enforced ? '' : `, heard ${age(network.last_seen_at, new Date())} ago`}`],
      ['enforcement', network && enforcementForPeople(network)],
      ['last sale', sale && `${moneyForPeople(sale.amount)} (${sale.tender}), ${localTime(sale.at)}`],
      ...open.map(({ amount, tender, since }) => ['open charge', `${moneyForPeople(amount)} (${tender}) since ${localTime(since)}; the next charge finds out first what became of it`] as const),
      ['open charges', !status.reachable && open.length === 0 ? 'none' : undefined],
      ['codes', codes && (codes.settle_by === undefined ? 'all that were accepted are settled' : `${codes.waiting} accepted and not settled, ${settleByForPeople(codes.settle_by, now)}`)],
      ['trust list', codes?.trust_as_of && trustAgeForPeople(codes.trust_as_of, now)],
      ['waiting', !enforced ? undefined : waiting.length === 0 ? 'nobody: what was paid for is served' : `${waiting.length} paid, and the radio could not be told yet; their time has not begun`],
    ],
    screen,
  );
  if (waiting.length === 0) {
    return head;
  }
  const list = table(
    waiting,
    [
      { title: 'GRANT', cell: ({ grant_id: grant }) => grant },
      { title: 'FOR', cell: ({ subject }) => subjectForPeople(subject) },
      { title: 'TIME', cell: ({ waiting_ms: ms }) => duration(ms) },
      { title: 'SINCE', cell: ({ since }) => localTime(since) },
    ],
    screen,
  );
  return `${head}\n\n${list}`;
}
