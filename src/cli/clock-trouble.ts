import { clockSkewMs } from '../domain/credit-code.ts';
import { durationText } from '../domain/duration.ts';

/** By whom codes are refused because of it. */
const consequences = {
  pos: 'codes that are good will be refused until it is set right',
  terminal: 'cash registers will refuse what it shows until it is set right, and each showing counts as a use',
} as const;

/** What is wrong with this machine's clock, in a sentence; undefined if it is good enough for codes. */
export function clockTrouble(clockAheadMs: number, role: keyof typeof consequences): string | undefined {
  return Math.abs(clockAheadMs) <= clockSkewMs
    ? undefined
    : `This machine’s clock is ${durationText(Math.round(Math.abs(clockAheadMs) / 1000) * 1000)} ${clockAheadMs > 0 ? 'ahead of' : 'behind'} the server’s: ${consequences[role]}.`;
}
