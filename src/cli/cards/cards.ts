import { lstatSync, statSync, type Stats } from 'node:fs';
import { join } from 'node:path';
import { LatchkeyError } from '../../domain/errors.ts';
import { quoted } from '../../domain/shown-text.ts';
import type { CardDesk } from '../../roles/card/desk.ts';
import type { CardLanguage } from '../../roles/card/ports.ts';
import type { CardStore } from '../../roles/card/store.ts';
import { systemClock, systemRandom } from '../local-registry.ts';
import { paths } from '../paths.ts';

/** The security check of this machine. */
export interface Cards {
  readonly store: CardStore;
  readonly language: CardLanguage;
  readonly desk: CardDesk;
}

export function cardsFile(): string {
  return join(paths().state, 'cards.sqlite');
}

/** Whether any application was ever added here. Errors: `storage_unavailable` where that cannot be told: nothing goes on then. */
export function areThereCards(): boolean {
  const path = cardsFile();
  let there: Stats | undefined;
  try {
    there = lstatSync(path, { throwIfNoEntry: false });
    // A link that leads nowhere: a disk that is not there may hold what guards this machine.
    if (there?.isSymbolicLink() === true) there = statSync(path);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    throw new LatchkeyError('storage_unavailable', `${path} cannot be used (${code}).`, { cause: error });
  }
  // What is opened of a pipe waits for who writes into it, whoever ends the program.
  if (there?.isFile() === false) {
    throw new LatchkeyError('storage_unavailable', `${path} is no file.`);
  }
  return there !== undefined;
}

/** As `openCards`. Errors: what `missing` makes where there is no file. */
export async function openKeptCards(closing: AsyncDisposableStack, missing: () => LatchkeyError): Promise<Cards> {
  if (!areThereCards()) {
    throw missing();
  }
  return openCards(closing);
}

export function applicationMissing(name: string): LatchkeyError {
  return new LatchkeyError('card_application_not_found', `There is no application ${quoted(name)} on this machine.`);
}

/** Errors: those of storage. */
export function openCards(closing: AsyncDisposableStack): Promise<Cards> {
  return cardsIn(closing, ({ openCardStore }) => openCardStore(cardsFile()));
}

/** As `openCards`; makes the file if it is not there. */
export async function createCards(closing: AsyncDisposableStack): Promise<Cards> {
  // What is there is no pipe, and no link to nowhere.
  areThereCards();
  return cardsIn(closing, ({ createCardStore }) => createCardStore(cardsFile()));
}

async function cardsIn(closing: AsyncDisposableStack, open: (storage: typeof import('../../storage/card-store.ts')) => Promise<CardStore>): Promise<Cards> {
  const [storage, { CardDesk }, { cardLanguage }] = await Promise.all([import('../../storage/card-store.ts'), import('../../roles/card/desk.ts'), import('./card-language.ts')]);
  const store = await open(storage);
  closing.defer(() => store.close());
  return { store, language: cardLanguage, desk: new CardDesk({ store, language: cardLanguage, clock: systemClock, random: systemRandom }) };
}
