import { arrayOf, boolean, object, oneOf } from '../../api/schema.ts';
import { shown } from '../../domain/shown-text.ts';
import type { Finding } from '../doctor/checks.ts';
import type { Screen } from './screen.ts';
import { columns, pad } from './text.ts';

const text = { type: 'string' } as const;
export const findingsSchema = object('Findings', {
  ok: boolean,
  findings: arrayOf(object('Finding', { check: text, status: oneOf(['ok', 'wrong', 'skipped']), detail: text }, { fix: text })),
});

export interface FindingsWire {
  readonly ok: boolean;
  readonly findings: readonly Finding[];
}

export function findingsToWire(findings: readonly Finding[]): FindingsWire {
  return { ok: findings.every(({ status }) => status !== 'wrong'), findings };
}

export function presentFindings({ findings }: FindingsWire, { style }: Screen): string {
  const width = Math.max(...findings.map(({ check }) => columns(check)));
  const mark = { ok: style.good('ok   '), wrong: style.bad('WRONG'), skipped: style.dim('–    ') };
  return findings
    .flatMap(({ check, status, detail, fix }) => [
      `${mark[status]}  ${pad(check, width)}  ${shown(detail)}`,
      ...(fix === undefined ? [] : [`${' '.repeat(width + 9)}${style.bold('fix:')} ${shown(fix)}`]),
    ])
    .join('\n');
}
