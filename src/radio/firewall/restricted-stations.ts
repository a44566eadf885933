import { runAdministrationProgram } from '../../programs/run-administration-program.ts';

const tables = ['inet', 'bridge'] as const;
const longestMs = 10_000;

/**
 * The sets `restricted` of the firewall (ruleset.ts): stations in them reach the agent alone. What is there is what was
 * asked for last, also after somebody has loaded the rules anew. All fails with what nft says.
 */
export class RestrictedStations {
  /** Exactly these; a MAC is six bytes in lower case with colons. Throws if there is no such firewall. */
  async set(macs: ReadonlySet<string>): Promise<void> {
    const bridged = (await nft('list tables bridge\n')).includes('table bridge latchkey');
    const elements = macs.size === 0 ? '' : [...macs].join(', ');
    const of = (table: string) =>
      `flush set ${table} latchkey restricted\n${elements === '' ? '' : `add element ${table} latchkey restricted { ${elements} }\n`}`;
    // One transaction: at no moment is a station out of the set that is to stay in it.
    await nft(tables.filter((table) => table === 'inet' || bridged).map(of).join(''));
  }

  /** What is in the set now. */
  async get(): Promise<Set<string>> {
    const text = await nft('list set inet latchkey restricted\n');
    return new Set(text.match(/[0-9a-f]{2}(:[0-9a-f]{2}){5}/g) ?? []);
  }
}

async function nft(commands: string): Promise<string> {
  let output = '';
  const code = await runAdministrationProgram(['nft', '--file', '-'], {
    signal: AbortSignal.timeout(longestMs),
    input: commands,
    onOutput: (text) => (output += text),
  });
  if (code === undefined) {
    throw new Error(`nft did not end within ${longestMs / 1000} s`);
  }
  if (code !== 0) {
    throw new Error(`nft: ${output.split('\n', 1)[0]}`);
  }
  return output;
}
