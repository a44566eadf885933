import { object, oneOf, type Static } from '../api/schema.ts';
import { choiceArg } from '../cli/args.ts';
import { LatchkeyCommand } from '../cli/base-command.ts';
import { completionFor, shells, usualShell } from '../cli/completion/completion.ts';

const result = object('Completion', { shell: oneOf(shells), script: { type: 'string' } });
type Completion = Static<typeof result>;

export default class CompletionCommand extends LatchkeyCommand<Completion> {
  static override readonly summary = 'Print the completion script of a shell.';
  static override readonly examples = [
    { description: 'bash, for this shell and for those to come', command: 'source <(<%= config.bin %> <%= command.id %> bash)\n$ <%= config.bin %> <%= command.id %> bash > ~/.local/share/bash-completion/completions/<%= config.bin %>' },
    { description: 'zsh', command: '<%= config.bin %> <%= command.id %> zsh > "${fpath[1]}/_<%= config.bin %>"' },
    { description: 'fish', command: '<%= config.bin %> <%= command.id %> fish > ~/.config/fish/completions/<%= config.bin %>.fish' },
    { description: 'PowerShell', command: '<%= config.bin %> <%= command.id %> powershell >> $PROFILE' },
  ];
  static override readonly args = { shell: choiceArg(shells)({ description: 'The shell; the one of $SHELL if left out.' }) };
  static override readonly result = result;

  async run(): Promise<Completion> {
    const { args } = await this.parse(CompletionCommand);
    return completionFor(args.shell ?? usualShell(), this.config);
  }

  protected present({ script }: Completion): string {
    return script;
  }
}
