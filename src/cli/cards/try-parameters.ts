import { LatchkeyError } from '../../domain/errors.ts';
import { shadow, type ShadowChange } from '../../roles/card/shadow.ts';
import { openScratchCardStore } from '../../storage/card-store.ts';
import { shadowToWire, type ShadowWire } from '../present/cards.ts';
import { applicationMissing, openKeptCards } from './cards.ts';
import { loadApplication } from './load-application.ts';

/** Errors: `card_application_not_found` if it was never here, `invalid_input`, those of storage. */
export async function tryParameters(
  { app, policy, since }: { readonly app: string; readonly policy: string; readonly since?: Date | undefined },
  { closing, signal }: { readonly closing: AsyncDisposableStack; readonly signal: AbortSignal },
): Promise<ShadowWire> {
  const candidate = await loadApplication(policy, '--policy', signal);
  const { store, language } = await openKeptCards(closing, () => applicationMissing(app));
  if (store.versions(app).length === 0) {
    throw new LatchkeyError('card_application_not_found', `There was never an application ${app} on this machine.`);
  }
  if (candidate.application.name !== app) {
    throw new LatchkeyError('invalid_input', `--policy: this is ${candidate.application.name}, and not ${app}.`);
  }
  const scratch = await openScratchCardStore();
  closing.defer(() => scratch.close());
  const changes: ShadowChange[] = [];
  const counts = await shadow({ log: store, scratch, language, candidate, since, onChange: (change) => changes.push(change), signal });
  return shadowToWire(candidate, counts, changes);
}
