import { takeBack } from '../../roles/wallet/showing.ts';
import { ShowingGuard } from '../cards/showing-guard.ts';
import { systemClock } from '../local-registry.ts';
import { takenBackToWire, type TakenBackWire } from '../present/wallet-codes.ts';
import { withCode } from './open-payer.ts';
import { codeNamed, knownCodes, openHeldCodes } from './open-own-codes.ts';
import type { ShowOptions } from './show-code.ts';

/** No server is asked. Errors: `code_not_found`, `code_used`. */
export async function takeBackCode(id: string, counter: number, { sources, ...guarding }: ShowOptions): Promise<TakenBackWire> {
  const held = await openHeldCodes(sources);
  const { code } = codeNamed(await knownCodes(held), id);
  return withCode(id, async () => {
    const showing = await takeBack(held.journal, code.token, counter, systemClock.now());
    const history = await held.journal.of(id);
    await new ShowingGuard(code, guarding).settle(history);
    return takenBackToWire(code, showing, history);
  });
}
