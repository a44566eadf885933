import { LatchkeyError } from '../domain/errors.ts';
import { shown } from '../domain/shown-text.ts';

/** Asks on the terminal, on stderr: stdout is for results. Only where somebody is there to answer. */
export async function askYesNo(message: string, signal: AbortSignal, byDefault = false): Promise<boolean> {
  return ask<boolean>({ type: 'confirm', message: shown(message), default: byDefault }, signal);
}

export interface Choice<T> {
  readonly name: string;
  readonly value: T;
}

/** Lets the person pick one. */
export async function askWhich<T>(message: string, choices: readonly Choice<T>[], signal: AbortSignal): Promise<T> {
  return ask<T>({ type: 'select', message: shown(message), choices: choices.map(({ name, value }) => ({ name: shown(name), value })) }, signal);
}

/** Shows nothing of what is typed, not even how much, nor on request. */
export async function askSecret(message: string, signal: AbortSignal): Promise<string> {
  const validate = (typed: string) => typed !== '' || 'Type it, or press Ctrl-C.';
  return ask<string>({ type: 'password', message: shown(message), toggleMask: false, validate }, signal);
}

async function ask<T>(question: object, signal: AbortSignal): Promise<T> {
  const { default: inquirer } = await import('inquirer');
  const prompt = inquirer.createPromptModule({ output: process.stderr, signal });
  try {
    const { answer } = await prompt([{ ...question, name: 'answer' } as never]) as { answer: T };
    return answer;
  } catch (error) {
    // inquirer ends like this at Ctrl-C, and so at our own signal.
    if (error instanceof Error && (error.name === 'ExitPromptError' || error.name === 'AbortPromptError')) {
      throw signal.aborted ? signal.reason : new LatchkeyError('interrupted', undefined, { cause: error });
    }
    throw error;
  }
}
