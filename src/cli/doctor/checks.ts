import { toLatchkeyError } from '../failure.ts';

/** One thing that a doctor looks at. */
export interface Check {
  readonly name: string;
  /** What is fine, in words; undefined where there is nothing to look at. What it throws is what is wrong, its hint the fix. */
  readonly look: () => Promise<string | undefined>;
}

export interface Finding {
  readonly check: string;
  readonly status: 'ok' | 'wrong' | 'skipped';
  readonly detail: string;
  readonly fix?: string;
}

export async function examine(checks: readonly Check[]): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const { name, look } of checks) {
    findings.push(await lookAt(name, look));
  }
  return findings;
}

async function lookAt(check: string, look: Check['look']): Promise<Finding> {
  try {
    const detail = await look();
    return detail === undefined ? { check, status: 'skipped', detail: 'nothing to look at' } : { check, status: 'ok', detail };
  } catch (thrown) {
    const error = toLatchkeyError(thrown);
    return { check, status: 'wrong', detail: error.message, fix: error.hint };
  }
}
