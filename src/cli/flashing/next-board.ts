import type { Station } from '../../roles/flashing/stations.ts';
import type { StationLines } from './station-lines.ts';
import { earlierMs, keyOf } from '../terminal-prompt.ts';

/** Waits for the operator to say, with Enter, that the next board is in its place; one station after the other asks. */
export function nextBoards(lines: StationLines, stdin: NodeJS.ReadStream = process.stdin) {
  let turn: Promise<void> = Promise.resolve();
  const ask = async (station: Station, signal: AbortSignal) => {
    if (signal.aborted) {
      return;
    }
    stdin.setRawMode(true);
    stdin.resume();
    try {
      // An Enter from before the question was not meant for this board.
      await keyOf(stdin, '', AbortSignal.any([signal, AbortSignal.timeout(earlierMs)]));
      lines.askForBoard(station);
      await keyOf(stdin, '\r\n', signal);
    } finally {
      stdin.setRawMode(false);
      stdin.pause();
    }
  };
  return (station: Station, signal: AbortSignal): Promise<void> => {
    turn = turn.then(() => ask(station, signal));
    return turn;
  };
}
