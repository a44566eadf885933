import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { ed25519Public } from '../../src/protocol/ed25519.ts';
import { parseCodeText, splitCode, verifyProof, verifyToken } from '../../src/protocol/credit-code.ts';
import { program } from '../program.ts';
import { requires } from '../requirements.ts';
import { CommandLine } from './command-line.ts';
import { plantCode } from './planted-code.ts';

const run = promisify(execFile);

/** A screen that is only in memory. */
class Display {
  readonly name: string;
  readonly #server: ReturnType<typeof spawn>;

  private constructor(name: string, server: ReturnType<typeof spawn>) {
    this.name = name;
    this.#server = server;
  }

  static async open(): Promise<Display> {
    // It takes a number that is free, and says which on its fourth stream once it is ready.
    const server = spawn('Xvfb', ['-displayfd', '3', '-screen', '0', '1280x1280x24', '-nolisten', 'tcp'], { stdio: ['ignore', 'ignore', 'ignore', 'pipe'] });
    const [number] = (await once(server.stdio[3]!, 'data')) as [Buffer];
    return new Display(`:${number.toString().trim()}`, server);
  }

  async capture(file: string): Promise<void> {
    await run('import', ['-display', this.name, '-window', 'root', file]);
  }

  async close(): Promise<void> {
    this.#server.kill();
    await once(this.#server, 'close');
  }
}

requires('xvfb', 'xterm', 'fonts-dejavu-core', 'imagemagick', 'zbar-tools')('a code in a window of xterm, captured and read by zbarimg', () => {
  let display: Display;
  let cli: CommandLine;
  beforeAll(async () => {
    display = await Display.open();
  });
  afterAll(() => display.close());
  beforeEach(async () => {
    cli = await CommandLine.make();
  });
  afterEach(() => cli.close());

  /** The text of the QR code in the window, once there is one. */
  const read = (file: string) =>
    vi.waitUntil(async () => {
      await display.capture(file);
      const { stdout } = await run('zbarimg', ['--nodbus', '-q', '-Sdisable', '-Sqrcode.enable', '--raw', file]).catch(() => ({ stdout: '' }));
      return stdout.trimEnd();
    }, { timeout: 20_000, interval: 100 });

  test.each([
    ['dark', '8', {}, []],
    ['light', '8', {}, []],
    ['dark', '6', {}, []],
    ['light', '11', {}, []],
    ['dark', '8', { NO_COLOR: '1' }, []],
    ['light', '8', { NO_COLOR: '1' }, ['--invert']],
  ] as const)('%s, with letters of %s points and %o', { timeout: 40_000 }, async (theme, points, env, flags) => {
    // As in the largest usual code: three payees, and both amounts.
    const payees = ['nN4i0m0pR8mM9m6lq2c6Dw', 'b4Yd0m0pR8mM9m6lq2c6Dw', 'Zk4i0m0pR8mM9m6lq2c6Aw'].map((id) => `acc_${id}`);
    const { token, serverKey, journalPath } = await plantCode(cli, { payees });
    const { NO_COLOR: _none, ...plain } = cli.env;
    const [ink, paper] = theme === 'dark' ? ['white', 'black'] : ['black', 'white'];
    const window = spawn(
      'xterm',
      ['-u8', '-fa', 'DejaVu Sans Mono', '-fs', points, '-fg', ink, '-bg', paper, '-geometry', '110x60+0+0', '-e', process.execPath, program, 'code', 'show', '--amount', '3.20EUR', '--payee', payees[1]!, ...flags],
      { env: { ...plain, ...env, DISPLAY: display.name, TERM: 'xterm-256color', LC_ALL: 'C.UTF-8' }, cwd: cli.folder, stdio: 'ignore' },
    );
    try {
      const { signedToken, signedProof } = splitCode(parseCodeText(await read(join(cli.folder, 'window.png'))));
      const seen = verifyToken(signedToken, [ed25519Public(serverKey.publicKey)]);
      expect(seen).toMatchObject({ id: token.id, payees });
      expect(verifyProof(signedProof, signedToken, seen)).toMatchObject({ counter: 1, amount: 320n, payeeId: payees[1] });
      expect(readFileSync(journalPath, 'utf8')).toContain('"counter":1');
    } finally {
      window.kill();
      await once(window, 'close');
    }
  });
});
