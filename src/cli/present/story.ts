import { arrayOf, object } from '../../api/schema.ts';
import { shown } from '../../domain/shown-text.ts';
import type { Screen } from './screen.ts';
import { pad, wrap } from './text.ts';

export const stepSchema = object('Step', { step: { type: 'integer' }, who: { type: 'string' }, text: { type: 'string' } }, { lines: arrayOf({ type: 'string' }) });

/** One step of a demonstration: who did what, and what it looked like. */
export interface StepWire {
  readonly step: number;
  readonly who: string;
  readonly text: string;
  readonly lines?: readonly string[];
}

const margin = 18;

export function presentStep({ step, who, text, lines = [] }: StepWire, { style, width }: Screen): string {
  const room = Math.max(20, Math.min(width, 100) - margin);
  const [first = '', ...rest] = wrap(shown(text), room);
  return [
    `${style.dim(String(step).padStart(2))}  ${style.bold(pad(who, margin - 4))}${first}`,
    ...rest.map((line) => ' '.repeat(margin) + line),
    ...lines.map((line) => `${' '.repeat(margin)}  ${style.dim(shown(line))}`),
  ].join('\n');
}
