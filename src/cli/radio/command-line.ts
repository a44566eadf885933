import { shown } from '../../domain/shown-text.ts';

const width = 80;

/** A command as somebody types it into a shell, on several lines where it is long. */
export function commandLines(words: readonly string[]): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of words.map(shellWord)) {
    // A flag stays with its value.
    if (word.startsWith('--') && line.length + word.length > width) {
      lines.push(`${line} \\`);
      line = ' ';
    }
    line += line === '' ? word : ` ${word}`;
  }
  return [...lines, line];
}

function shellWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${shown(word).replaceAll("'", "'\\''")}'`;
}
