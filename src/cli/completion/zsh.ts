import type { CompletedFlag, Node } from './command-tree.ts';

export function zshCompletion(bin: string, tree: readonly Node[]): string {
  return `#compdef ${bin}
# zsh completion for ${bin}: write it to a file _${bin} in a folder of $fpath
_${bin}() {
  local command='' next i
  local -a children options
  for ((i = 2; i < CURRENT; i++)); do
    next="\${command:+$command }\${words[i]}"
    case "$next" in
      (${tree.filter(({ path }) => path !== '').map(({ path }) => word(path)).join('|')}) command="$next" ;;
      (*) break ;;
    esac
  done
  case "$command" in
${tree.map(entry).join('\n')}
  esac
  if [[ \${words[CURRENT]} != -* && \${#children} -gt 0 ]]; then
    _describe 'command' children
    return
  fi
  # What follows the command is completed as if it stood alone.
  words=(${bin} "\${(@)words[i,-1]}")
  (( CURRENT -= i - 2 ))
  _arguments -s "\${options[@]}" '*::file:_files'
}
if [[ $funcstack[1] == _${bin} ]]; then
  _${bin} "$@"
else
  compdef _${bin} ${bin}
fi`;
}

function entry({ path, children, flags }: Node): string {
  const named = children.map(({ word: name, description }) => word(`${name}:${description.replaceAll(':', '\\:')}`));
  return `    (${word(path)}) children=(${named.join(' ')})
      options=(${flags.flatMap(specs).map(word).join(' ')}) ;;`;
}

/** In the words of _arguments (zshcompsys(1)). */
function specs({ names, description, takesValue, values, isPath }: CompletedFlag): string[] {
  const text = description.replaceAll(/[[\]\\:]/g, '\\$&');
  const value = values.length > 0 ? `:value:(${values.join(' ')})` : isPath ? ':file:_files' : ':value:';
  return names.map((name) => `*${name}[${text}]${takesValue ? value : ''}`);
}

function word(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
