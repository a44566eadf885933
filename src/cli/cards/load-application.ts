import { readCardApplication } from '../../api/card-application.ts';
import { LatchkeyError } from '../../domain/errors.ts';
import { compileApplication, type CompiledApplication } from '../../domain/security-check/compile.ts';
import { compileRules } from '../../rules/compile-rules.ts';
import { policyHash } from '../../rules/policy-hash.ts';
import { readJsonFile } from '../json-file.ts';

const largestApplication = 4 * 1024 * 1024;

/** The JSON of an application in a file, or `-` for standard input. Errors: those of `readJsonFile`. */
export function readApplicationFile(path: string, flag: string, signal: AbortSignal): Promise<unknown> {
  return readJsonFile(path, flag, { what: 'a card application', mostBytes: largestApplication, signal });
}

/** An application from its JSON, ready for services. Errors: `invalid_input`, with pointers to all that is wrong. */
export function makeApplication(json: unknown): CompiledApplication {
  const { application, problems } = readCardApplication(json);
  if (application === undefined) {
    throw new LatchkeyError('invalid_input', 'The card application is not right.', { problems, hint: 'See `latchkey card lint`, and the JSON Schema in docs/card-application.schema.json.' });
  }
  return compileApplication(application, policyHash(json), compileRules(application));
}

/** Both. */
export async function loadApplication(path: string, flag: string, signal: AbortSignal): Promise<CompiledApplication> {
  return makeApplication(await readApplicationFile(path, flag, signal));
}
