import { jwkThumbprint, parsePublicJwk } from '../../protocol/access-code.ts';
import { shownRegisterToWire, type ShownRegisterWire } from '../present/registers.ts';
import type { Counter } from './open-counter.ts';

/** What is known of a cash register, at the registry and on this machine. `reveal`: with its network's password. */
export async function showRegister({ pos, register, secrets }: Pick<Counter, 'pos' | 'register' | 'secrets'>, { reveal }: { readonly reveal: boolean }): Promise<ShownRegisterWire> {
  const [network, key, password] = [await pos.network(), await secrets.key(), await secrets.networkPassword()];
  const thumbprint = register.jwk === undefined ? undefined : await jwkThumbprint(parsePublicJwk(register.jwk));
  return shownRegisterToWire({
    register,
    network,
    thumbprint,
    keyIsHere: key !== undefined && (await jwkThumbprint(key)) === thumbprint,
    hasNetworkPassword: password !== undefined,
    networkPassword: reveal ? password?.password : undefined,
  });
}
