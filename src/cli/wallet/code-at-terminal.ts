import { systemClock } from '../local-registry.ts';
import { presentQr } from '../present/credentials.ts';
import { moneyForPeople } from '../present/money.ts';
import { screenOf } from '../present/screen.ts';
import { details } from '../present/table.ts';
import { shownCodeLines } from '../present/wallet-codes.ts';
import { showLive } from './live-code.ts';
import type { BegunCode } from './show-code.ts';
import { takeBackCode, type TakeBackOptions } from './take-back-code.ts';

/** Shows it in place, with a fresh proof every 30 seconds, until a key is pressed or it is over. */
export async function showAtTerminal({ counter, isOver, render }: BegunCode, { invert }: { readonly invert: boolean }, signal: AbortSignal): Promise<void> {
  const { stdin, stdout } = process;
  const whole = await screenOf(stdout);
  await showLive({
    terminal: { stdin, stdout },
    clock: systemClock,
    everySecond: (tick) => {
      const timer = setInterval(tick, 1000);
      return () => clearInterval(timer);
    },
    signal,
    isOver,
    frame(now, { columns, rows }) {
      const shown = render(now);
      const screen = { ...whole, width: columns };
      const lines = `${presentQr(shown.text, screen, { darkInk: invert })}\n${details(shownCodeLines(shown), screen)}`.split('\n');
      return lines.length < rows ? lines : [`The code takes ${lines.length + 1} lines, and here are ${rows}: make the window larger.`];
    },
    status: (seconds) => `Showing ${counter}, new in ${seconds} s. Press any key when it is done.`,
  });
}

/** Asks, takes it back if the answer is no and its user takes what may come of it, and says what is left. */
export async function askWhetherAccepted({ code, counter }: BegunCode, options: Omit<TakeBackOptions, 'confirmed'>, ask: (question: string, byDefault: boolean) => Promise<boolean>): Promise<string> {
  const { id } = code.token;
  const wasAccepted = await ask('Was it accepted?', true);
  const confirmed = async (risk: string): Promise<boolean> => {
    await options.caution(risk);
    return ask('Take it back?', false);
  };
  const taken = wasAccepted ? undefined : await takeBackCode(id, counter, {}, { ...options, confirmed });
  if (taken === undefined) {
    return `Showing ${counter} of ${id} counts as a use. If it was not accepted after all: \`latchkey code take-back ${id} ${counter}\`.`;
  }
  const { uses_left: uses, amount_left: amount } = taken;
  return `Showing ${counter} of ${id} is taken back: ${moneyForPeople(amount)} and ${uses} ${uses === 1 ? 'use' : 'uses'} are left.`;
}
