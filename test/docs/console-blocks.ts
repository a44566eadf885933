/** One command of a ```console block, what it must print (stdout and stderr as a terminal shows them), and its exit code. */
export interface ConsoleCommand {
  readonly line: number;
  readonly command: string;
  /** Ends in `&`: goes on in the background once it has printed what is expected. */
  readonly background: boolean;
  readonly expected: readonly string[];
  readonly exit: number;
}

/**
 * The console blocks of a Markdown text. `$ ` starts a command, `> ` continues it, the lines behind it are its
 * output: `…` alone on a line stands for any number of lines, within a line for any characters. A command that
 * ends in `# exit N` exits with N, any other with 0.
 */
export function consoleCommands(markdown: string): ConsoleCommand[] {
  const commands: { line: number; command: string; expected: string[] }[] = [];
  let inside = false;
  for (const [index, line] of markdown.split('\n').entries()) {
    if (line.startsWith('```')) {
      inside = !inside && line === '```console';
      continue;
    }
    if (!inside) continue;
    const current = commands.at(-1);
    if (line.startsWith('$ ')) {
      commands.push({ line: index + 1, command: line.slice(2), expected: [] });
    } else if (current === undefined) {
      throw new Error(`line ${index + 1}: a console block begins with "$ "`);
    } else if (line.startsWith('> ') && current.expected.length === 0) {
      current.command += `\n${line.slice(2)}`;
    } else {
      current.expected.push(line);
    }
  }
  return commands.map(({ line, command, expected }) => {
    const exit = /\s+# exit (\d+)$/.exec(command);
    const bare = exit === null ? command : command.slice(0, exit.index);
    return {
      line,
      command: bare.replace(/\s*&$/, ''),
      background: /[^&]&$/.test(bare),
      expected,
      exit: Number(exit?.[1] ?? 0),
    };
  });
}

/** Whether the output is what the block shows. */
export function matchesOutput(expected: readonly string[], output: string): boolean {
  const anyLines = '(?:[^\\n]*\\n)*?';
  const pattern = expected
    .map((line) =>
      line.trim() === '…' ? anyLines : `${line.split('…').map(RegExp.escape).join('[^\\n]*?')}[^\\S\\n]*\\n`,
    )
    .join('');
  return new RegExp(`^${pattern}$`, 'u').test(output === '' || output.endsWith('\n') ? output : `${output}\n`);
}
