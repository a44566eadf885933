import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { dirname } from 'node:path';

export interface Row {
  readonly figure: string;
  readonly ours: string;
  readonly baseline: string;
  /** Ours to baseline, from the same run. */
  readonly ratio?: number | undefined;
  /** Undefined for what is only reported. */
  readonly goal?: { readonly text: string; readonly met: boolean } | undefined;
}

/** What one part of the bench found. */
export interface Section {
  readonly title: string;
  readonly rows: readonly Row[];
  /** How it was measured, in sentences. */
  readonly conditions: readonly string[];
}

const verdict = ({ goal }: Row) => (goal === undefined ? 'reported' : goal.met ? 'met' : '**missed**');

export function renderSection({ title, rows, conditions }: Section): string {
  const cells = rows.map((row) =>
    [row.figure, row.ours, row.baseline, row.ratio?.toFixed(2) ?? '', row.goal?.text ?? '', verdict(row)].join(' | '));
  const machine = `${new Date().toISOString().slice(0, 10)}, ${cpus()[0]?.model ?? 'unknown CPU'}, ${cpus().length} cores, Node ${process.versions.node}, ${process.platform}.`;
  return [
    `## ${title}`, '',
    '| figure | ours | baseline | ratio | goal | |', '| --- | --- | --- | --- | --- | --- |',
    ...cells.map((line) => `| ${line} |`), '',
    [machine, ...conditions].join(' '), '',
  ].join('\n');
}

/** Puts the sections into the file in the place of those of the same titles; all else in it stays. */
export function keepSections(file: string, sections: readonly Section[]): void {
  const parts = readIfThere(file).split(/^(?=## )/m);
  for (const section of sections) {
    const at = parts.findIndex((part) => part.startsWith(`## ${section.title}\n`));
    const text = `${renderSection(section)}\n`;
    if (at < 0) parts.push(text);
    else parts[at] = text;
  }
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${parts.join('').trimEnd()}\n`);
}

function readIfThere(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}
