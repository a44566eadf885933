import { LatchkeyError } from '../../domain/errors.ts';
import { requireFittingGuards } from '../../domain/security-check/guard.ts';
import type { KeptApplication } from '../../roles/card/store.ts';
import { createCards } from './cards.ts';
import { lintApplicationJson } from './lint-application.ts';
import { makeApplication, readApplicationFile } from './load-application.ts';

interface Adding {
  readonly closing: AsyncDisposableStack;
  readonly signal: AbortSignal;
  readonly caution: (text: string) => Promise<void>;
  /** Whether it is to be added with what was found. */
  readonly accepts: (question: string) => Promise<boolean>;
}

/** Errors: `invalid_input`, `check_failed` for findings that nobody accepts, `card_application_conflict`, those of storage. */
export async function addApplication(file: string, { closing, signal, caution, accepts }: Adding): Promise<KeptApplication> {
  const json = await readApplicationFile(file, 'FILE', signal);
  // What is wrong with it is said as that, before what is probably a mistake.
  const { application } = makeApplication(json);
  requireFittingGuards(application);
  const findings = lintApplicationJson(json);
  for (const { pointer, detail } of findings) {
    await caution(`${pointer === '' ? 'The whole' : pointer} ${detail}.`);
  }
  if (findings.length > 0 && !(await accepts('Add it all the same?'))) {
    throw new LatchkeyError('check_failed', 'Nothing was added: something in the card application is probably a mistake.', { problems: findings, hint: 'If it is meant, pass --yes.' });
  }
  const { desk } = await createCards(closing);
  return desk.add(JSON.stringify(json));
}
