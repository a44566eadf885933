import { LatchkeyError } from '../../domain/errors.ts';
import { requireFittingGuards } from '../../domain/security-check/guard.ts';
import type { KeptApplication } from '../../roles/card/store.ts';
import { createCards } from './cards.ts';
import { lintApplicationJson } from './lint-application.ts';
import { makeApplication, readApplicationFile } from './load-application.ts';

/** Each service that it guards reads it whole: in no more time than anybody notices. */
const largestGuarding = 256 * 1024;
const shownFindings = 10;

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
  const text = JSON.stringify(json);
  if (application.guards.length > 0 && Buffer.byteLength(text) > largestGuarding) {
    throw new LatchkeyError('invalid_input', `FILE: an application that guards a machine has at most ${largestGuarding / 1024} KiB.`);
  }
  const findings = lintApplicationJson(json);
  for (const { pointer, detail } of findings.slice(0, shownFindings)) {
    await caution(`${pointer === '' ? 'The whole' : pointer} ${detail}.`);
  }
  if (findings.length > shownFindings) {
    await caution(`And ${findings.length - shownFindings} more: \`latchkey card lint\` has all.`);
  }
  if (findings.length > 0 && !(await accepts('Add it all the same?'))) {
    throw new LatchkeyError('check_failed', 'Nothing was added: something in the card application is probably a mistake.', { problems: findings, hint: 'If it is meant, pass --yes.' });
  }
  const { desk } = await createCards(closing);
  return desk.add(text);
}
