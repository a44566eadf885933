import type { Node } from './command-tree.ts';

/** For bash, without the bash-completion package. */
export function bashCompletion(bin: string, tree: readonly Node[]): string {
  const valued = tree.flatMap(({ path, flags }) =>
    flags.flatMap(({ names, takesValue, values, isPath }) =>
      takesValue ? names.map((name) => `    ${word(`${path} ${name}`)}) ${values.length > 0 ? `values=${word(values.join(' '))}` : isPath ? 'files=1' : 'anything=1'} ;;`) : [],
    ),
  );
  return `# bash completion for ${bin}: source it, or write it to ~/.local/share/bash-completion/completions/${bin}
_${bin}() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}"
  local command='' next values='' files='' anything='' flags='' words='' i
  for ((i = 1; i < COMP_CWORD; i++)); do
    next="\${command:+$command }\${COMP_WORDS[i]}"
    case "$next" in
      ${tree.filter(({ path }) => path !== '').map(({ path }) => word(path)).join(' | \\\n      ')}) command="$next" ;;
      *) break ;;
    esac
  done
  case "$command $previous" in
${valued.join('\n')}
  esac
  case "$command" in
${tree.map(({ path, children, flags }) => `    ${word(path)}) words=${word(children.map((child) => child.word).join(' '))} flags=${word(flags.flatMap(({ names }) => names).join(' '))} ;;`).join('\n')}
  esac
  COMPREPLY=()
  if [[ -n $anything ]]; then
    return
  elif [[ -n $files ]]; then
    compopt -o filenames 2>/dev/null
    local IFS=$'\\n'
    COMPREPLY=($(compgen -f -- "$current"))
  elif [[ -n $values ]]; then
    COMPREPLY=($(compgen -W "$values" -- "$current"))
  elif [[ $current == -* ]]; then
    COMPREPLY=($(compgen -W "$flags" -- "$current"))
  else
    COMPREPLY=($(compgen -W "$words" -- "$current"))
  fi
}
complete -F _${bin} ${bin}`;
}

function word(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
