import type { Disks } from '../disk.ts';
import { playRuns, seedOfThisRun, type Played } from '../explore.ts';
import { CodesCoverage } from './codes-coverage.ts';
import { anyCodesStep } from './codes-steps.ts';
import { CodesWorld } from './codes-world.ts';

/** What has to have happened for a run to say anything. */
export const wantedOfCodes: readonly string[] = [
  'issue: done', 'issue: insufficient_funds', 'issue: account_suspended', 'pay: done', 'show: done', 'show: code_over', 'show: code_used_up', 'take back: done', 'correct: done',
  'copied wallet: keep', 'copied wallet: swap', 'copied wallet: go back', 'revoke a code: done', 'revoke a key: done', 'reinstate: done', 'a receipt is made up', 'a counter is signed twice',
  'a call: request lost', 'a call: reply lost', 'a call: crash', 'settle: done', 'settle: ended', 'settle: timed_out', 'settled together: done',
  'accept: done', 'accept: ended before the flush', 'accept: ended after the flush',
  ...[
    'trust_list_missing', 'trust_list_old', 'register_clock_wrong', 'code_key_unknown', 'code_expired', 'code_proof_invalid', 'code_stale', 'code_payee_mismatch', 'code_amount_mismatch',
    'code_not_bound', 'code_amount_too_large', 'code_spent', 'code_used', 'code_revoked', 'code_key_revoked',
  ].map((code) => `accept: ${code}`),
  ...['settled', 'duplicate', 'over_limit', 'late', 'rejected'].map((outcome) => `outcome: ${outcome}`),
];

export interface PlayedCodes extends Played {
  readonly coverage: CodesCoverage;
}

/** So many steps at random. */
export async function playCodes(disks: Disks, steps: number): Promise<PlayedCodes> {
  const coverage = new CodesCoverage();
  return { ...(await playRuns(disks.name, anyCodesStep, () => CodesWorld.create(disks, coverage), steps, seedOfThisRun())), coverage };
}

/** What was done, in a few lines. */
export function summaryOfCodes(name: string, { steps, runs, seed, seconds, coverage }: PlayedCodes): string {
  return [
    `${name}, credit payment codes: ${steps} steps in ${runs} runs, LATCHKEY_MODEL_SEED=${seed}, ${seconds.toFixed(1)} s`,
    `Crashes of a server before and after its statements: ${coverage.server.total}`,
    coverage.text,
  ].join('\n');
}
