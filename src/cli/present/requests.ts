import type { AccessRequestWire } from '../../api/access-requests.ts';
import type { AttemptWire } from '../../api/attempts.ts';
import { quoted } from '../../domain/shown-text.ts';
import { actorForPeople } from '../../domain/token.ts';
import { morePages, type PageWire } from './page.ts';
import type { Screen } from './screen.ts';
import { details, table } from './table.ts';
import { age, localTime } from './time.ts';

export function presentRequests(page: PageWire<AccessRequestWire>, screen: Screen, now = new Date()): string {
  if (page.items.length === 0) {
    return 'No requests.';
  }
  const text = table(
    page.items,
    [
      { title: 'REQUEST', cell: (request) => request.request_id },
      { title: 'STATUS', cell: status },
      { title: 'CODE', cell: (request) => request.match_code },
      { title: 'LABEL', cell: (request) => request.label },
      { title: 'MODEL', cell: (request) => request.model },
      { title: 'BATCH', cell: (request) => request.batch },
      { title: 'UUID', cell: (request) => request.uuid },
      { title: 'CALLS ITSELF', cell: own },
      { title: 'AGE', cell: (request) => age(request.created_at, now) },
      { title: 'BEWARE', cell: beware, paint: (cell, _, { style }) => style.warning(cell) },
    ],
    screen,
  );
  return text + morePages(page, screen);
}

export function presentRequest(request: AccessRequestWire, screen: Screen): string {
  return details(
    [
      ['request', request.request_id],
      ['status', request.status],
      ['match code', request.match_code],
      ['device', request.uuid],
      ['label', request.label],
      ['model', request.model],
      ['batch', request.batch],
      ['calls itself', own(request)],
      ['beware', beware(request)],
      ['access point', request.ap_id],
      ['by', request.dpp ? 'Wi-Fi Easy Connect (DPP)' : undefined],
      ['asked', localTime(request.created_at)],
      ['decided', request.decided_at && `${localTime(request.decided_at)} by ${actorForPeople(request.decided_by ?? '')}`],
      ['reason', request.reason],
      ['grant', request.grant_id],
      ['delivered', request.delivered_at && localTime(request.delivered_at)],
      ['joined', request.joined_at && localTime(request.joined_at)],
    ],
    screen,
  );
}

/** One line for choosing among pending requests. */
export function requestChoice(request: AccessRequestWire, now = new Date()): string {
  return `${requestLine(request)} · ${age(request.created_at, now)} ago`;
}

/**
 * Which device it is, in one line. What the device says of itself comes last and quoted, so that it cannot imitate what
 * the registry says of another.
 */
export function requestLine(request: AccessRequestWire): string {
  const { label, device_label: deviceLabel, model, uuid, match_code: code } = request;
  return [
    label,
    model,
    uuid,
    code === undefined ? undefined : `code ${code}`,
    beware(request)?.toUpperCase(),
    label !== undefined || deviceLabel === undefined ? undefined : `calls itself ${quoted(deviceLabel)}`,
  ]
    .filter((part) => part !== undefined)
    .join(' · ');
}

export function presentAttempts(page: PageWire<AttemptWire>, screen: Screen): string {
  if (page.items.length === 0) {
    return 'No attempts.';
  }
  const text = table(
    page.items,
    [
      { title: 'TIME', cell: (attempt) => localTime(attempt.at) },
      { title: 'OUTCOME', cell: (attempt) => outcomes[attempt.outcome] },
      { title: 'UUID', cell: (attempt) => attempt.uuid },
      { title: 'FROM', cell: (attempt) => attempt.from },
      { title: 'AP', cell: (attempt) => attempt.ap_id },
      { title: 'DETAIL', cell: (attempt) => attempt.detail },
    ],
    screen,
  );
  return text + morePages(page, screen);
}

const outcomes: Record<AttemptWire['outcome'], string> = {
  asked: 'asked',
  bad_proof: 'bad proof',
  revoked: 'revoked',
  spent: 'pass_tmp already used',
  unknown: 'unknown, or not for this AP',
  wrong_ssid: 'wrong onboarding SSID',
  server_away: 'server away',
  plain_off: 'literal exchange is off',
  too_many: 'too many at once',
  bad_request: 'bad request',
  expired: 'expired',
};

function own({ device_label: label }: AccessRequestWire): string | undefined {
  return label === undefined ? undefined : quoted(label);
}

function status({ status: state, decided_by: by }: AccessRequestWire): string {
  return by === undefined || state === 'pending' ? state : `${state} (${actorForPeople(by)})`;
}

function beware({ weak, plain, dpp, delivered_at: deliveredAt }: AccessRequestWire): string | undefined {
  const isUnproven = dpp && deliveredAt === undefined;
  const why = [...(weak ? ['weak pass_tmp'] : []), ...(plain ? ['sent in the clear'] : []), ...(isUnproven ? ['announced by DPP, yet to prove itself'] : [])];
  return why.length === 0 ? undefined : why.join(', ');
}
