import { shown } from '../../domain/shown-text.ts';
import type { Screen } from './screen.ts';

/** A question to the owner or the device's user, and the keys that answer it. */
export function presentQuestion({ title, lines }: { readonly title: string; readonly lines: readonly string[] }, { style }: Screen): string {
  return [
    '',
    style.bold(shown(title)),
    ...lines.map((line) => `  ${line.startsWith('Caution') ? style.warning(shown(line)) : shown(line)}`),
    `  ${style.bold('[y]')} yes   ${style.bold('[n]')} no   ${style.bold('[l]')} later`,
  ].join('\n');
}
