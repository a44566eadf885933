const wide =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe4f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}|[\u{20000}-\u{3fffd}]/u;
const colours = /\u001b\[[0-9;]*m/g;

/** Columns that a text takes on a terminal: East Asian wide characters and emoji two, combining marks none. */
export function columns(text: string): number {
  let width = 0;
  for (const character of text.replace(colours, '')) {
    if (/\p{Mark}/u.test(character)) {
      continue;
    }
    width += wide.test(character) ? 2 : 1;
  }
  return width;
}

/** Pads with blanks to a number of columns. */
export function pad(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - columns(text)));
}

/** Breaks a text between words into lines of at most `width` columns; a longer word stays whole, to be copied. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line: string | undefined;
  for (const word of text.split(' ')) {
    if (line === undefined) {
      line = word;
    } else if (columns(line) + 1 + columns(word) <= width) {
      line += ` ${word}`;
    } else {
      lines.push(line);
      line = word;
    }
  }
  return [...lines, line ?? ''];
}
