import { object, oneOf } from '../../api/schema.ts';
import { tokenSchema, tokenToWire, type TokenWire } from '../../api/tokens.ts';
import { present } from '../../api/wire.ts';
import type { KnownActor } from '../../domain/token.ts';
import type { Screen } from './screen.ts';
import { details } from './table.ts';
import { localTime } from './time.ts';
import { scopeText } from './tokens.ts';

export const whoamiSchema = object('Whoami', { kind: oneOf(['local', 'token']) }, { server: { type: 'string' }, token: tokenSchema });
export interface WhoamiWire {
  readonly kind: 'local' | 'token';
  readonly server?: string;
  readonly token?: TokenWire;
}

/** `server`: where the token is good; undefined for the database on this machine. */
export function whoamiToWire(actor: KnownActor, server: string | undefined): WhoamiWire {
  return present({ kind: actor.kind, server, token: actor.kind === 'token' ? tokenToWire(actor.token) : undefined });
}

export function presentActor({ server, token }: WhoamiWire, screen: Screen): string {
  if (token === undefined) {
    return details([['you are', 'the owner of the database on this machine']], screen);
  }
  return details(
    [
      ['you are', token.name],
      ['role', token.role],
      ['server', server],
      ['access point', token.ap_id],
      ['scope', scopeText(token.scope)],
      ['token', token.token_id],
      ['since', localTime(token.created_at)],
    ],
    screen,
  );
}
