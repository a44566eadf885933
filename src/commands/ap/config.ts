import { LatchkeyCommand } from '../../cli/base-command.ts';
import { presentRadioConfiguration, radioConfigurationSchema, type RadioConfigurationWire } from '../../cli/present/radio-configuration.ts';
import type { Screen } from '../../cli/present/screen.ts';
import { configureRadio } from '../../cli/radio/configure-radio.ts';
import { radioFlags } from '../../cli/radio/flags.ts';

export default class ApConfig extends LatchkeyCommand<RadioConfigurationWire> {
  static override readonly summary = 'Print hostapd’s configuration for a radio with both networks, or the firewall’s rules.';
  static override readonly description = `The main network is on --interface; the onboarding network is on an interface of its own that hostapd makes, such as wlan0_onb. Each station of the main network has a key of its own, which \`ap serve --radio hostapd\` keeps; with --shared-password all have one, from --password-file, LATCHKEY_PASSWORD, the secret store (ap/password), or a hidden prompt.
With --firewall and otherwise the same flags, it prints rules for nftables: the onboarding network, and stations that are restricted, reach the agent and DHCP on this machine and nothing else.`;
  static override readonly examples = [
    '<%= config.bin %> <%= command.id %> --interface wlan0 --ssid Home --onboarding-ssid iot-setup --country DE --check --output /etc/hostapd/wlan0.conf',
    { description: 'The firewall that goes with it', command: '<%= config.bin %> <%= command.id %> --interface wlan0 --firewall | nft -f -' },
    {
      description: 'WPA2 and WPA3 with one password, on 5 GHz, bridged to the wire',
      command:
        '<%= config.bin %> <%= command.id %> --interface wlan0 --ssid Home --onboarding-ssid iot-setup --onboarding owe --security wpa2-wpa3 --shared-password --password-file wifi.txt --channel 36 --country DE --bridge br0',
    },
  ];
  static override readonly flags = radioFlags;
  static override readonly result = radioConfigurationSchema;

  async run(): Promise<RadioConfigurationWire> {
    const { flags } = await this.parse(ApConfig);
    const made = await configureRadio(flags, {
      words: ['latchkey', 'ap', 'config', ...this.argv],
      sources: this.sources,
      signal: this.signal,
      caution: (text) => this.caution(text),
    });
    if (made.checked === true && made.configuration !== undefined) {
      await this.note(`${made.kind === 'hostapd' ? 'hostapd' : 'nft'} takes it.`);
    }
    return made;
  }

  protected present(made: RadioConfigurationWire, screen: Screen): string {
    return presentRadioConfiguration(made, screen);
  }
}
