import type { Flash, FlashResult } from '../../domain/flash.ts';

export interface FlashBegin {
  readonly station: string;
  readonly operator: string;
  /** Whether a device that is flashed already is flashed once more. */
  readonly again?: boolean | undefined;
}

export interface FlashBegun {
  readonly flash: Flash;
  /** This station began with the device before and never said how that ended: its board may hold the identity. */
  readonly resumed: boolean;
}

export interface FlashEnd {
  readonly result: FlashResult;
  /** At most 256 characters on one line, without secrets. */
  readonly detail?: string | undefined;
}

/**
 * What a flashing station says to the registry: `begin`, then flash the board and read it back, then `end`. Between
 * the two the station has a claim on the device, so that no identity is put into two boards.
 */
export interface FlashingRole {
  /**
   * Claims a registered device. A claim of the same station is taken over at once, that of another after
   * 15 minutes; the older flashing is then recorded as `abandoned`. Errors: `device_not_found`, `device_revoked`,
   * `device_not_registered`, `device_being_flashed`, `device_flashed`, `invalid_input`.
   */
  begin(uuid: string, begin: FlashBegin): Promise<FlashBegun>;
  /**
   * Records how it ended and gives the claim back; only `ok` makes the device a flashed one. The same again changes
   * nothing. Errors: `device_not_found`, `flash_not_found`, `device_being_flashed` (it ended otherwise: another
   * station took it over), `invalid_input`.
   */
  end(uuid: string, flashId: string, end: FlashEnd): Promise<Flash>;
  /** What a station has claimed and not ended, oldest first, at most 1,000. */
  open(station: string): Promise<readonly Flash[]>;
}
