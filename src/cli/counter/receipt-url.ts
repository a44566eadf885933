import { LatchkeyError } from '../../domain/errors.ts';
import { counterSocket } from '../agent-files.ts';
import type { Counter } from './open-counter.ts';

/**
 * The counter's page with a receipt code, which the page takes out of the fragment: that is sent to nobody. Undefined
 * where the register's agent does not run or answer, or phones cannot reach it. Errors: `bad_reply`, those of reaching it.
 */
export async function receiptUrlOf({ register }: Pick<Counter, 'register'>, code: string): Promise<string | undefined> {
  const { CounterControlClient } = await import('../../client/counter-control-client.ts');
  try {
    const url = await new CounterControlClient(counterSocket(register.id)).phoneUrl();
    return url && `${url}#${code}`;
  } catch (error) {
    if (error instanceof LatchkeyError && (error.code === 'counter_unreachable' || error.code === 'timed_out')) {
      return undefined;
    }
    throw error;
  }
}
