import type { Node } from './command-tree.ts';

export function powershellCompletion(bin: string, tree: readonly Node[]): string {
  const entries = tree.map(({ path, children, flags }) => {
    const words = children.map((child) => `@(${text(child.word)}, ${text(child.description)})`);
    const names = flags.flatMap((flag) => flag.names.map((name) => `@(${text(name)}, ${text(flag.description)})`));
    const values = flags.flatMap((flag) => (flag.takesValue ? flag.names.map((name) => `${text(name)} = @(${flag.values.map(text).join(', ')})`) : []));
    return `    ${text(path)} = @{ Words = @(${listed(words)}); Flags = @(${listed(names)}); Values = @{ ${values.join('; ')} } }`;
  });
  return `# PowerShell completion for ${bin}: add it to $PROFILE
Register-ArgumentCompleter -Native -CommandName ${text(bin)} -ScriptBlock {
  param($wordToComplete, $commandAst, $cursorPosition)
  $tree = @{
${entries.join('\n')}
  }
  $words = @($commandAst.CommandElements | Select-Object -Skip 1 | Where-Object { $_.Extent.EndOffset -lt $cursorPosition } | ForEach-Object { $_.ToString() })
  $path = ''
  foreach ($word in $words) {
    $next = "$path $word".Trim()
    if (-not $tree.ContainsKey($next)) { break }
    $path = $next
  }
  $node = $tree[$path]
  $previous = if ($words.Count -gt 0) { $words[-1] } else { '' }
  if ($node.Values.ContainsKey($previous)) {
    $found = @($node.Values[$previous] | ForEach-Object { , @($_, $_) })
  } elseif ($wordToComplete.StartsWith('-')) {
    $found = $node.Flags
  } else {
    $found = $node.Words
  }
  $found | Where-Object { $_[0] -like "$wordToComplete*" } | ForEach-Object {
    [System.Management.Automation.CompletionResult]::new($_[0], $_[0], 'ParameterValue', $(if ($_[1]) { $_[1] } else { $_[0] }))
  }
}`;
}

/** A list of one pair must not become that pair. */
function listed(pairs: readonly string[]): string {
  return pairs.length === 1 ? `, ${pairs[0]}` : pairs.join(', ');
}

function text(value: string): string {
  return `'${value.replaceAll("'", "''")}'`;
}
