import { LatchkeyError } from '../../domain/errors.ts';
import { runAdministrationProgram } from '../../programs/run-administration-program.ts';

/**
 * Lets nftables itself read the rules; none is changed. Errors: `check_failed` with its words (it wants to be root, or
 * the kernel lacks something), `file_not_found` (no nft).
 */
export async function checkRuleset(ruleset: string, signal: AbortSignal): Promise<void> {
  let output = '';
  const code = await runAdministrationProgram(['nft', '--check', '--file', '-'], {
    signal,
    input: ruleset,
    onOutput: (text) => (output += text),
  });
  signal.throwIfAborted();
  if (code !== 0) {
    throw new LatchkeyError('check_failed', `nft refuses the rules: ${output.split('\n', 1)[0]}`, { hint: 'Run it as root, on the machine whose firewall it is.' });
  }
}
