import { LatchkeyError } from '../../domain/errors.ts';
import { quoted } from '../../domain/shown-text.ts';

/** How often the access point may say no, and scans find nothing, until that is believed: either may be a bad moment. */
const mostRefusals = 2;
const mostEmptyScans = 3;

/** IEEE 802.11, 9.4.1.9: what the other side answers to a wrong SAE confirmation. */
const challengeFailed = '15';
const accessPointIsFull = '17';
/** IEEE 802.11, 9.4.1.7: no key of the access point’s fits, of which hostapd says the first where it has none at all. */
const keyRefused = /\breason=(2|15)\b/;

/** What an event means: the station is on, or it should try at once instead of after a pause, or it has failed. */
export type Heard = 'on' | 'again' | LatchkeyError | undefined;

/** One network of wpa_supplicant's that it was told to select, as its events tell how that goes (wpa_ctrl.h). */
export class Association {
  readonly #id: number;
  readonly #name: string;
  #refusals = 0;
  /** Whether that of this attempt is counted: several events may tell of it. */
  #isCounted = false;
  #emptyScans = 0;
  #last: LatchkeyError | undefined;

  constructor(id: number, ssid: string) {
    this.#id = id;
    this.#name = quoted(ssid);
  }

  hear(event: string): Heard {
    if (/^(SME: )?Trying to (authenticate|associate) /.test(event)) {
      this.#isCounted = false;
      return undefined;
    }
    const [, name = '', rest = ''] = /^CTRL-EVENT-([A-Z-]+) ?(.*)$/.exec(event) ?? [];
    const id = /\bid=(\d+)/.exec(rest)?.[1];
    if (id !== undefined && Number(id) !== this.#id) {
      return undefined;
    }
    const status = /\bstatus_code=(\d+)/.exec(rest)?.[1];
    switch (name) {
      case 'CONNECTED':
        return 'on';
      case 'SSID-TEMP-DISABLED':
        return /\breason=WRONG_KEY\b/.test(rest) ? this.#refused(this.#wrongPassword(), 'again') : undefined;
      case 'AUTH-REJECT':
        return this.#refused(/\bauth_type=3\b/.test(rest) && status === challengeFailed ? this.#wrongPassword() : this.#turnedAway(status));
      case 'ASSOC-REJECT':
        return this.#refused(this.#turnedAway(status));
      case 'DISCONNECTED':
        return keyRefused.test(rest) && !rest.includes('locally_generated=1') ? this.#refused(this.#wrongPassword()) : undefined;
      case 'NETWORK-NOT-FOUND':
        this.#emptyScans += 1;
        this.#last ??= new LatchkeyError('wifi_not_found', `The network ${this.#name} was not found.`);
        return this.#emptyScans < mostEmptyScans ? undefined : this.#last;
      default:
        return undefined;
    }
  }

  /** What is to be said when it has come to no end in time. */
  overdue(seconds: number): LatchkeyError {
    return this.#last ?? new LatchkeyError('timed_out', `This device did not get onto the network ${this.#name} within ${seconds} s.`);
  }

  #refused(error: LatchkeyError, meanwhile?: Heard): Heard {
    this.#last = error;
    this.#refusals += this.#isCounted ? 0 : 1;
    this.#isCounted = true;
    return this.#refusals < mostRefusals ? meanwhile : error;
  }

  #wrongPassword(): LatchkeyError {
    return new LatchkeyError('wifi_wrong_password', `The access point does not take the password of the network ${this.#name}.`);
  }

  #turnedAway(status = '?'): LatchkeyError {
    const why = status === accessPointIsFull ? 'it is full' : `status ${status}`;
    return new LatchkeyError('wifi_refused', `The access point does not let this device onto the network ${this.#name} (${why}).`);
  }
}
