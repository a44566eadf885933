/** How the flashing of a board ended; closed, so that reports can count. */
export const flashResults = [
  'ok',
  /** The port is not there. */
  'port_missing',
  /** The flashing tool ended with a failure of its own. */
  'tool_failed',
  /** A step took too long, and the tool was ended. */
  'timed_out',
  /** The tool printed without end, and was ended. */
  'tool_flooded',
  /** Less was read back than was written. */
  'short_read',
  /** What was read back is no image. */
  'garbled',
  /** What was read back is an image, and another one. */
  'mismatch',
  /** It was ended before it was done. */
  'interrupted',
  /** It never said how it ended, and somebody else took the device over. */
  'abandoned',
] as const;
export type FlashResult = (typeof flashResults)[number];

/** One try to put a device's identity into a board. */
export interface Flash {
  readonly id: string;
  readonly uuid: string;
  readonly batch: string | undefined;
  /** Where in the factory. */
  readonly station: string;
  /** Who ran it. */
  readonly operator: string;
  readonly startedAt: Date;
  /** Undefined while it goes on: the station has a claim on the device. */
  readonly endedAt: Date | undefined;
  readonly result: FlashResult | undefined;
  readonly detail: string | undefined;
}
