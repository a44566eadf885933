import type { EnrollCodeWire } from '../../api/enrollments.ts';
import type { ScopeWire, TokenWire } from '../../api/tokens.ts';
import { morePages, type PageWire } from './page.ts';
import type { Screen } from './screen.ts';
import { details, table } from './table.ts';
import { localTime } from './time.ts';

export function presentTokens(page: PageWire<TokenWire>, screen: Screen): string {
  if (page.items.length === 0) {
    return 'No tokens.';
  }
  const text = table(
    page.items,
    [
      { title: 'TOKEN', cell: (token) => token.token_id },
      { title: 'ROLE', cell: (token) => token.role },
      { title: 'NAME', cell: (token) => token.name },
      { title: 'SCOPE', cell: (token) => scopeText(token.scope) },
      { title: 'AP', cell: (token) => token.ap_id },
      { title: 'CREATED', cell: (token) => localTime(token.created_at) },
      { title: 'LAST USED', cell: (token) => token.last_used_at && localTime(token.last_used_at) },
      { title: 'REVOKED', cell: (token) => token.revoked_at && localTime(token.revoked_at) },
    ],
    screen,
  );
  return text + morePages(page, screen);
}

export function presentToken(token: TokenWire & { readonly codes_revoked?: number }, screen: Screen): string {
  return details(
    [
      ['token', token.token_id],
      ['role', token.role],
      ['name', token.name],
      ['access point', token.ap_id],
      ['scope', scopeText(token.scope)],
      ['created', localTime(token.created_at)],
      ['last used', token.last_used_at && localTime(token.last_used_at)],
      ['revoked', token.revoked_at && localTime(token.revoked_at)],
      ['codes revoked', token.codes_revoked ? String(token.codes_revoked) : undefined],
    ],
    screen,
  );
}

/** A new token; its secret is shown this once, if it is not in the secret store. */
export function presentEnrollment(enrolled: TokenWire & { readonly token?: string; readonly profile?: string }, screen: Screen): string {
  return details(
    [
      ['token', enrolled.token],
      ['role', enrolled.role],
      ['name', enrolled.name],
      ['access point', enrolled.ap_id],
      ['scope', scopeText(enrolled.scope)],
      ['id', enrolled.token_id],
      ['kept as profile', enrolled.profile],
    ],
    screen,
  );
}

export function presentEnrollCode(code: EnrollCodeWire, screen: Screen): string {
  return details(
    [
      ['code', code.code],
      ['role', code.role],
      ['scope', scopeText(code.scope)],
      ['good until', localTime(code.expires_at)],
    ],
    screen,
  );
}

/** As `--match` takes it. */
export function scopeText({ models, batches, uuids, aps, accounts }: ScopeWire): string {
  const parts = [
    ...(models ?? []).map((model) => `model=${model}`),
    ...(batches ?? []).map((batch) => `batch=${batch}`),
    ...(uuids ?? []).map((uuid) => `uuid=${uuid}`),
    ...(aps ?? []).map((ap) => `ap=${ap}`),
    ...(accounts ?? []).map((account) => `account=${account}`),
  ];
  return parts.length === 0 ? 'all' : parts.join(' ');
}
