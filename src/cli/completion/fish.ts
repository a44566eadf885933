import type { CompletedFlag, Node } from './command-tree.ts';

export function fishCompletion(bin: string, tree: readonly Node[]): string {
  const at = (path: string) => `-n ${word(`__${bin}_at ${word(path)}`)}`;
  const lines = tree.flatMap(({ path, children, flags }) => [
    ...children.map((child) => `complete -c ${bin} ${at(path)} -a ${word(child.word)} -d ${word(child.description)}`),
    ...flags.map((flag) => `complete -c ${bin} ${at(path)} ${flagWords(flag)}`),
  ]);
  return `# fish completion for ${bin}: write it to ~/.config/fish/completions/${bin}.fish
set -g __${bin}_paths ${tree.map(({ path }) => word(path)).join(' ')}
function __${bin}_at
    set -l command
    for token in (commandline -opc)[2..]
        set -l next (string join ' ' -- $command $token)
        contains -- $next $__${bin}_paths; or break
        set command $command $token
    end
    set -l joined (string join ' ' -- $command)
    test "$joined" = "$argv[1]"
end
complete -c ${bin} -f
${lines.join('\n')}`;
}

function flagWords({ names, description, takesValue, values, isPath }: CompletedFlag): string {
  const spelled = names.map((name) => (name.startsWith('--') ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`)).join(' ');
  const value = !takesValue ? '' : isPath ? ' -r -F' : values.length > 0 ? ` -x -a ${word(values.join(' '))}` : ' -x';
  return `${spelled}${value} -d ${word(description)}`;
}

function word(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
