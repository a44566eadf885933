import { setTimeout as sleep } from 'node:timers/promises';
import { Command } from '@oclif/core/command';
import { Config } from '@oclif/core/config';
import type { Input, LoadOptions, ParserOutput } from '@oclif/core/interfaces';
import type { Schema } from '../api/schema.ts';
import { LatchkeyError } from '../domain/errors.ts';
import { shown, shownJson } from '../domain/shown-text.ts';
import { globalFlags } from './flags.ts';
import { write } from './output.ts';
import type { Opening } from './open-role.ts';
import { presentWarning } from './present/message.ts';
import { screenOf, type Screen } from './present/screen.ts';
import { reportFailure, wantsJson } from './report-failure.ts';
import type { SecretSources } from './secret-input.ts';

interface Asking {
  /** Whether somebody is there to answer. */
  readonly interactive: boolean;
  readonly ask: (question: string) => Promise<boolean>;
  readonly caution: (text: string) => Promise<void>;
}

/**
 * The CLI contract, for every command: a command parses, calls a role and returns its result (the shape of `--json`);
 * everything else is here. stdout is the result, stderr is for people, exit codes come from the table of errors and
 * are the same with and without `--json` (oclif's own differ: its issue 1423).
 */
export abstract class LatchkeyCommand<T> extends Command {
  static override readonly baseFlags = globalFlags;
  /** JSON Schema of what `--json` prints, for the snapshot of the contract; of one line where it prints a stream. */
  static readonly result: Schema | undefined;

  /** Done whatever happens when the command ends, last first: closing stores, removing folders. */
  protected readonly closing = new AsyncDisposableStack();
  /** How long what is done at the end is waited for once the command is given up. */
  protected closingMs = 3_000;
  /** Set while that has to be done whatever comes: then no second signal ends the program before. */
  protected mustClose = false;
  protected quiet = false;
  protected timeoutMs: number | undefined;
  #interactive = false;
  #emitted = false;
  #ended = new AbortController();
  #deadline: NodeJS.Timeout | undefined;
  #stop: ((signal: NodeJS.Signals) => void) | undefined;

  /** With the configuration that oclif has loaded; its own `run` loads it all again. */
  static override async run<C extends Command>(
    this: new (argv: string[], config: Config) => C,
    argv?: string[],
    options?: LoadOptions,
  ): Promise<ReturnType<C['run']>> {
    return options instanceof Config
      ? (new this(argv ?? [], options) as C & LatchkeyCommand<unknown>)._run()
      : super.run.call(this, argv, options);
  }

  /** The result, in the shape of `--json`; undefined if `emit` or `stream` has printed everything. */
  abstract override run(): Promise<T | undefined>;

  /** The result for people, without a newline at its end. */
  protected abstract present(result: T, screen: Screen): string;

  /** What is said when it is interrupted or out of time. */
  protected givenUp(reason: LatchkeyError): unknown {
    return reason;
  }

  /** What roles are opened with. */
  protected get opening(): Opening {
    return { closing: this.closing, sources: this.sources, timeoutMs: this.timeoutMs };
  }

  /** What the security check asks and warns with. */
  protected get guarding(): Asking & Pick<Opening, 'closing'> {
    return { closing: this.closing, interactive: this.interactive, ask: (question) => this.ask(question), caution: (text) => this.caution(text) };
  }

  /** Where secrets come from. */
  protected get sources(): SecretSources {
    return { interactive: this.#interactive, signal: this.signal };
  }

  /** Ends when the command is interrupted or out of time. */
  protected get signal(): AbortSignal {
    return this.#ended.signal;
  }

  /** Whether somebody is there to answer. */
  protected get interactive(): boolean {
    return this.#interactive;
  }

  /** Under `--json`, which holds before flags are parsed, too: parse errors follow it. */
  override jsonEnabled(): boolean {
    return wantsJson(this.argv);
  }

  protected override async parse<
    F extends Record<string, any>,
    B extends Record<string, any>,
    A extends Record<string, any>,
  >(options?: Input<F, B, A>, argv?: string[]): Promise<ParserOutput<F, B, A>> {
    const parsed = await super.parse<F, B, A>(options, argv);
    const { quiet, timeout, 'no-input': noInput } = parsed.flags as Partial<Record<string, unknown>>;
    this.quiet = quiet === true;
    this.#interactive = noInput !== true && process.stderr.isTTY === true && process.stdin.isTTY === true;
    if (typeof timeout === 'number') {
      this.timeoutMs = timeout;
      this.#deadline = setTimeout(() => this.#ended.abort(new LatchkeyError('timed_out')), timeout);
    }
    return parsed;
  }

  /** Prints the result now, and resolves when the system has taken it. What `run` returns after it is not printed. */
  protected async emit(result: T): Promise<void> {
    this.#emitted = true;
    const text = this.jsonEnabled() ? shownJson(result, 2) : this.present(result, await screenOf(process.stdout));
    await write(process.stdout, text === '' ? '' : `${text}\n`);
  }

  /** Prints what a check found, and fails with exit 12 if something is wrong. */
  protected async emitCheck(result: T, good: boolean, message: string): Promise<void> {
    await this.emit(result);
    if (!good) {
      throw new LatchkeyError('check_failed', message);
    }
  }

  /** Prints one more of a stream of results: NDJSON under `--json`. */
  protected async stream(item: T): Promise<void> {
    this.#emitted = true;
    const text = this.jsonEnabled() ? shownJson(item) : this.present(item, await screenOf(process.stdout));
    await write(process.stdout, text === '' ? '' : `${text}\n`);
  }

  /** Something for people on stderr: progress, what happens next. Not under `--quiet` or `--json`. */
  protected async note(text: string): Promise<void> {
    if (!this.quiet && !this.jsonEnabled()) {
      await write(process.stderr, `${shown(text)}\n`);
    }
  }

  /** Something that people should know although it works; a line of JSON of its own under `--json`. */
  protected async caution(text: string): Promise<void> {
    const line = this.jsonEnabled() ? shownJson({ warning: text }) : presentWarning(text, await screenOf(process.stderr));
    await write(process.stderr, `${line}\n`);
  }

  /** Goes on if the person says yes, or `--yes` has said so. Errors: `missing_input`, `interrupted`. */
  protected async confirm(question: string, yes: boolean): Promise<void> {
    if (yes) {
      return;
    }
    if (!this.interactive) {
      throw new LatchkeyError('missing_input', `${question} Nobody is here to answer: pass --yes.`);
    }
    if (!(await this.ask(question))) {
      throw new LatchkeyError('interrupted', 'Nothing was changed.');
    }
  }

  /** Asks the person at the terminal; only where `interactive` is true. Enter alone answers `byDefault`. */
  protected async ask(question: string, byDefault = false): Promise<boolean> {
    const { askYesNo } = await import('./question.ts');
    return askYesNo(question, this.signal, byDefault);
  }

  /** For `--dry-run`: what it would have worked on, as it is or would be. */
  protected async unchanged<V>(value: V | Promise<V>): Promise<V> {
    const found = await value;
    await this.note('Nothing was changed (--dry-run).');
    return found;
  }

  /** For what runs until it is told to end: resolves at the first SIGINT or SIGTERM; `--timeout` was for the start. */
  protected async untilStopped(): Promise<void> {
    clearTimeout(this.#deadline);
    const signal = await new Promise<NodeJS.Signals>((resolve) => {
      this.#stop = resolve;
    });
    if (signal === 'SIGINT') {
      process.exitCode = new LatchkeyError('interrupted').exit;
    }
  }

  protected override async _run<R>(): Promise<R> {
    const onSignal = (signal: NodeJS.Signals) => this.#onSignal(signal);
    process.on('SIGINT', onSignal);
    process.on('SIGTERM', onSignal);
    // oclif's listener throws, where nobody can catch it, what each write says to whom it matters.
    process.stdout.removeAllListeners('error').on('error', () => {});
    try {
      try {
        const result = await this.#untilEnded(this.run());
        if (!this.#emitted && result !== undefined) {
          await this.emit(result);
        }
      } finally {
        clearTimeout(this.#deadline);
        await this.#close();
      }
    } catch (thrown) {
      process.exitCode = await reportFailure(thrown, this.jsonEnabled());
    } finally {
      process.off('SIGINT', onSignal);
      process.off('SIGTERM', onSignal);
    }
    return undefined as R;
  }

  /** What was given up may not end by itself, and then is not waited for. */
  async #close(): Promise<void> {
    const closed = this.closing.disposeAsync();
    await (this.#ended.signal.aborted ? Promise.race([closed, sleep(this.closingMs, undefined, { ref: false })]) : closed);
  }

  async #untilEnded(work: Promise<T | undefined>): Promise<T | undefined> {
    const { signal } = this.#ended;
    const ended = new Promise<never>((_, reject) => {
      signal.addEventListener('abort', () => reject(this.givenUp(signal.reason as LatchkeyError)), { once: true });
    });
    return Promise.race([work, ended]);
  }

  #onSignal(signal: NodeJS.Signals): void {
    if (this.#stop !== undefined) {
      const stop = this.#stop;
      this.#stop = () => process.exit(new LatchkeyError('interrupted').exit);
      stop(signal);
      return;
    }
    if (this.#ended.signal.aborted) {
      if (this.mustClose) return;
      process.exit(new LatchkeyError('interrupted').exit);
    }
    this.#ended.abort(new LatchkeyError('interrupted'));
  }
}
