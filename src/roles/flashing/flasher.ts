import type { FlashResult } from '../../domain/flash.ts';

/** A port with a board on it. */
export interface FlashPort {
  /** A device file, or what else the tool takes for a port. */
  readonly path: string;
  /** Bits a second; the tool's own choice if not given. */
  readonly baud?: number | undefined;
  /** As the tool calls it; found out by the tool if not given. */
  readonly chip?: string | undefined;
}

/** Some bytes and where in the flash they belong. */
export interface FlashRegion {
  readonly offset: number;
  readonly bytes: Uint8Array;
}

export interface FlashStep {
  readonly signal: AbortSignal;
  /** Told how far it is, 0 to 100, if the tool says so. */
  readonly onPercent?: ((percent: number) => void) | undefined;
}

/** What writes boards and reads them. Errors: `FlashFailure`, whatever goes wrong with a board or the tool. */
export interface Flasher {
  /** Whether the port is there, as far as can be seen without touching the board. */
  requirePort(port: FlashPort): Promise<void>;
  /** Leaves the board halted: its firmware must not change what was written before it is read back. */
  write(port: FlashPort, regions: readonly FlashRegion[], step: FlashStep): Promise<void>;
  /** Exactly `length` bytes. `last`: lets the board run afterwards. */
  read(port: FlashPort, region: { readonly offset: number; readonly length: number; readonly last: boolean }, step: FlashStep): Promise<Uint8Array>;
}

/** Why a board was not flashed; `message` is one line for people, and holds no secret. */
export class FlashFailure extends Error {
  readonly result: Exclude<FlashResult, 'ok' | 'abandoned'>;

  constructor(result: FlashFailure['result'], message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'FlashFailure';
    this.result = result;
  }
}
