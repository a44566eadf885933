/** Each who waits for it waits for this at most: short to a person, long beside what a commit takes. */
const usualMs = 25;
/** A turn of the event loop that brings something takes longer than this. */
const emptyTurnMs = 0.05;

/**
 * Resolves as soon as the event loop has nothing else to do, or after that many milliseconds. Who waits for it before
 * a commit lets all join who are on their way, and is held up by nobody if there is none: other than a fixed delay,
 * which costs most where it gains nothing.
 */
export function quietMoment(longestMs = usualMs): Promise<void> {
  const from = performance.now();
  let turnFrom = from;
  return new Promise((resolve) => {
    const turn = () => {
      const now = performance.now();
      if (now - turnFrom < emptyTurnMs || now - from >= longestMs) {
        resolve();
      } else {
        turnFrom = now;
        setImmediate(turn);
      }
    };
    setImmediate(turn);
  });
}
