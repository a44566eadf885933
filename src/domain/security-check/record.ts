import type { CheckTerms } from './application.ts';
import type { CheckResult, CheckType, Compared } from './decision.ts';
import type { History } from './history.ts';
import type { Service } from './service.ts';

/** A check that is ready to be run. */
export type Check = (service: Service, history: History, random: number) => CheckResult;

type RecordedTerms = CheckTerms & { readonly type: CheckType };

/** Writes down what came of one check. */
export class Recorder {
  readonly #terms: RecordedTerms;

  constructor(terms: RecordedTerms) {
    this.#terms = terms;
  }

  /** `good`: whether it was passed. */
  compared(good: boolean, found: Compared | undefined, limit: Compared | undefined): CheckResult {
    const { id, type, onFail, reason } = this.#terms;
    return { id, type, status: good ? 'passed' : 'failed', effect: good ? 'none' : onFail, found, limit, missing: undefined, error: undefined, reason };
  }

  missing(member: string): CheckResult {
    const { id, type, onFail, ifMissing, reason } = this.#terms;
    return { id, type, status: 'not_available', effect: ifMissing === 'skip' ? 'none' : onFail, found: undefined, limit: undefined, missing: member, error: undefined, reason };
  }

  broken(error: string): CheckResult {
    const { id, type, onFail, reason } = this.#terms;
    return { id, type, status: 'failed', effect: onFail, found: undefined, limit: undefined, missing: undefined, error, reason };
  }
}

/** Its first line, as far as anybody reads. */
export function messageOf(thrown: unknown): string {
  return (thrown instanceof Error ? thrown.message : String(thrown)).split('\n', 1)[0]!.slice(0, 200);
}
