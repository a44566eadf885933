import { CodesCoverage } from '../codes/codes-coverage.ts';
import type { Disks } from '../disk.ts';
import { playRuns, seedOfThisRun, type Played } from '../explore.ts';
import { anyShareStep } from './share-steps.ts';
import { ShareWorld } from './share-world.ts';

/** What has to have happened for a few steps to say anything. */
export const wantedOfFewShares: readonly string[] = [
  'order: done', 'order: offer_closed', 'pay: done', 'pay: share_request_over', 'approve: done', 'respond: done', 'a code is opened', 'acknowledge: done', 'increase: done', 'mismatch: done',
  'read by guest: done', 'read by sharer: done', 'end by guest: done', 'end by sharer: done', 'report use: done', 'report an end: done', 'revoke: done', 'keep house: done', 'together: done', 'an agent listens',
  'a call: request lost', 'a call: reply lost', 'a call: crash', 'a call comes late', 'a process goes on', 'passwords looked for',
];
/** And for many. */
export const wantedOfShares: readonly string[] = [
  ...wantedOfFewShares,
  ...['share_request_open', 'purchase_too_large', 'metric_mismatch'].map((code) => `order: ${code}`),
  'pay: insufficient_funds', 'pay: invalid_input', 'pay: share_request_not_found', 'approve: network_not_valid', 'increase: grant_over', 'increase: purchase_too_large', 'cancel: done', 'refuse: done',
  'mismatch: invalid_input', 'mismatch: share_request_over', 'read by guest: signature_invalid', 'read by sharer: signature_invalid', 'warn: done', 'meddle: payment_of_share', 'refund: done', 'pay out: done',
  'withdrawn offer: done', 'change an offer: done',
];

export interface PlayedShares extends Played {
  readonly coverage: CodesCoverage;
}

/** So many steps at random. */
export async function playShares(disks: Disks, steps: number): Promise<PlayedShares> {
  const coverage = new CodesCoverage();
  return { ...(await playRuns(disks.name, anyShareStep, () => ShareWorld.create(disks, coverage), steps, seedOfThisRun())), coverage };
}

/** What was done, in a few lines. */
export function summaryOfShares(name: string, { steps, runs, seed, seconds, coverage }: PlayedShares): string {
  return [
    `${name}, shared networks: ${steps} steps in ${runs} runs, LATCHKEY_MODEL_SEED=${seed}, ${seconds.toFixed(1)} s`,
    `Crashes of a server before and after its statements: ${coverage.server.total}`,
    coverage.text,
  ].join('\n');
}
