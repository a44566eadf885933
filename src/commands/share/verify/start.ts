import { ssidToWire } from '../../../api/heard-networks.ts';
import { challengeToWire } from '../../../api/networks.ts';
import { LatchkeyCommand } from '../../../cli/base-command.ts';
import { dryRunFlag, remoteFlags, yesFlag } from '../../../cli/flags.ts';
import { presentStarted, startedSchema, type StartedWire } from '../../../cli/present/networks.ts';
import type { Screen } from '../../../cli/present/screen.ts';
import { claimFlags } from '../../../cli/sharing/claim.ts';
import { hearingFlags } from '../../../cli/sharing/heard.ts';
import { renamingFlags, restoreMs } from '../../../cli/sharing/rename-network.ts';
import { byHand, judgementError, startVerification } from '../../../cli/sharing/start-verification.ts';

export default class ShareVerifyStart extends LatchkeyCommand<StartedWire> {
  static override readonly summary = 'Claim a network, and learn what it has to be renamed to for a while to prove that it is yours.';
  static override readonly description = `Renaming it disconnects everybody on it. By hand: rename it, run \`share verify confirm\` while it has the new name, and set its name back. With --hook all of it is done at once: the program is run with pre, set and at the end, whatever comes between, restore; it finds LATCHKEY_FIRST_SSID, LATCHKEY_SECOND_SSID (each also with _HEX at its end: its bytes in hexadecimal, for names that are no text), LATCHKEY_BSSIDS and LATCHKEY_CHALLENGE_ID in its environment. What it starts in the background ends with it. Nothing but a program that is killed (SIGKILL) or a machine that goes off keeps the name from being set back.
With --radio hostapd the hostapd of this machine sends the second name: its configuration is not changed, its radios keep their addresses and security, and who is on the network stays on, but nobody can join it until the name is set back. A process of its own does that within a minute after --within at the latest, even if the command is killed; and a hostapd that is started anew has its own name.
A verification that is open is gone on with, and takes nothing of the day's limit.`;
  static override readonly examples = [
    '<%= config.bin %> <%= command.id %> --ssid Home --bssid 02:00:00:00:01:00 --security wpa2-psk',
    '<%= config.bin %> <%= command.id %> --ssid Home --hook ./rename-router.sh --yes',
    '<%= config.bin %> <%= command.id %> --ssid Home --radio hostapd --hostapd-conf /etc/hostapd/hostapd.conf --interface wlan1',
  ];
  static override readonly flags = { ...claimFlags, ...hearingFlags, ...renamingFlags, 'dry-run': dryRunFlag, yes: yesFlag, ...remoteFlags };
  static override readonly result = startedSchema;

  async run(): Promise<StartedWire | undefined> {
    const { flags } = await this.parse(ShareVerifyStart);
    if (flags.hook !== undefined || flags.radio !== undefined) {
      this.mustClose = true;
      this.closingMs = restoreMs * 2;
    }
    const { claim, challenge, isJudged } = await startVerification(flags, {
      ...this.opening,
      interactive: this.interactive,
      signal: this.signal,
      note: (text) => this.note(text),
      caution: (text) => this.caution(text),
      confirm: (question, yes) => this.confirm(question, yes),
    });
    const result: StartedWire = {
      ssid: ssidToWire(claim.ssid), bssids: [...claim.bssids], security: claim.security, ...(challenge === undefined ? {} : { challenge: challengeToWire(challenge) }),
    };
    if (challenge === undefined) {
      return this.unchanged(result);
    }
    await this.emit(result);
    if (!isJudged) {
      for (const sentence of byHand(challenge)) await this.note(sentence);
      return undefined;
    }
    const error = judgementError(challenge);
    if (error !== undefined) {
      throw error;
    }
    return undefined;
  }

  protected present(result: StartedWire, screen: Screen): string {
    return presentStarted(result, screen);
  }
}
