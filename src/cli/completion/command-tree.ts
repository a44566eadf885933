import type { Config } from '@oclif/core/interfaces';

export interface CompletedFlag {
  /** With its dashes. */
  readonly names: readonly string[];
  readonly description: string;
  readonly takesValue: boolean;
  /** The values that there are, if they are few. */
  readonly values: readonly string[];
  readonly isPath: boolean;
}

/** A command or a topic. */
export interface Node {
  /** The words behind the program's name; none for the program itself. */
  readonly path: string;
  readonly children: readonly { readonly word: string; readonly description: string }[];
  readonly flags: readonly CompletedFlag[];
}

/** All that can be completed, from what oclif knows of the commands; every topic stands before what is under it. */
export function commandTree(config: Config): Node[] {
  const commands = config.commands.filter(({ hidden }) => !hidden);
  const described = new Map<string, string>([
    ...config.topics.map(({ name, description }) => [name, description ?? ''] as const),
    ...commands.map(({ id, summary }) => [id, summary ?? ''] as const),
  ]);
  const paths = new Set(['', ...[...described.keys()].flatMap(ancestors)]);
  return [...paths].sort().map((path) => ({
    path: path.replaceAll(':', ' '),
    children: [...paths]
      .filter((other) => other !== '' && parentOf(other) === path)
      .sort()
      .map((child) => ({ word: child.split(':').at(-1)!, description: firstSentence(described.get(child) ?? '') })),
    flags: flagsOf(commands.find(({ id }) => id === path)?.flags ?? {}),
  }));
}

function ancestors(id: string): string[] {
  const words = id.split(':');
  return words.map((_, at) => words.slice(0, at + 1).join(':'));
}

function parentOf(id: string): string {
  return id.split(':').slice(0, -1).join(':');
}

type Flags = Config['commands'][number]['flags'];

function flagsOf(flags: Flags): CompletedFlag[] {
  const help = { names: ['--help'], description: 'Show help.', takesValue: false, values: [], isPath: false };
  const known = Object.values(flags)
    .filter((flag) => flag.hidden !== true)
    .map((flag) => ({
      names: [`--${flag.name}`, ...(flag.char === undefined ? [] : [`-${flag.char}`])],
      description: firstSentence(flag.summary ?? flag.description ?? ''),
      takesValue: flag.type === 'option',
      values: flag.type === 'option' ? [...(flag.options ?? [])] : [],
      isPath: flag.type === 'option' && String(flag.helpValue ?? '').startsWith('PATH'),
    }));
  return [...known, help];
}

function firstSentence(text: string): string {
  return text.split('\n')[0]!.replace(/\. .*$/, '').replace(/\.$/, '');
}
