import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { installRadioKernel } from '../../../scripts/testing/radio-kernel.ts';
import { dppUri } from '../../../src/protocol/dpp-uri.ts';
import { bootstrapPublicKey, newBootstrapKey } from '../../../src/protocol/bootstrap-key.ts';
import { ecPrivateKey } from '../../radio/ec-private-key.ts';
import { startLab, type Lab } from '../../radio/lab/lab.ts';
import { Station } from '../../radio/lab/station.ts';
import { onboardingSsid, RadioSite, ssid, type Granted } from '../../radio/site.ts';
import type { Section } from '../report.ts';
import { median } from '../statistics.ts';

const flows = ['latchkey', 'dpp'] as const;
type Flow = (typeof flows)[number];

const goal = 1.2;

/** From a device's power-on until it is on the main network, over real 802.11: by us, and by hostapd's own DPP. */
export async function measureJoining({ rounds }: { readonly rounds: number }): Promise<Section> {
  installRadioKernel();
  await using lab = await startLab({ radios: 2 });
  const site = await RadioSite.open(lab, { config: ['--dpp'] });
  try {
    await site.agent.until(/The registry answers/, { timeoutMs: 60_000 });
    const device = await Joining.prepare(lab, site);
    const times: Record<Flow, number[]> = { latchkey: [], dpp: [] };
    // The first ones warm up: code that runs for the first time is translated by the emulator.
    for (let round = 1 - rounds; round <= rounds; round += 1) {
      for (const flow of round % 2 === 0 ? flows : flows.toReversed()) {
        const ms = await device.join(flow);
        if (round > 0) {
          times[flow].push(ms);
        }
      }
    }
    const [ours, baseline] = [median(times.latchkey), median(times.dpp)];
    const ratio = ours / baseline;
    const seconds = (ms: number) => `${(ms / 1000).toFixed(2)} s`;
    return {
      title: 'Joining',
      rows: [{ figure: 'power-on to joined', ours: seconds(ours), baseline: `hostapd’s own DPP: ${seconds(baseline)}`, ratio, goal: { text: `at most ${goal}`, met: ratio <= goal } }],
      conditions: [
        `Radio lab: one emulated core for access point, agent and device, hostapd and wpa_supplicant 2.10 on one channel, one radio each; medians of ${rounds} rounds after as many to warm up, in turns, from the start of the device's wpa_supplicant until hostapd says that it is connected.`,
        'Ours: the onboarding network (open), its address by DHCP, the reference device in C, the agent with automatic approval, the registry at a server on the host by TLS, a password of its own, the main network.',
        'DPP: the device announces itself on the channel; hostapd knows it and what it is to be given beforehand, without registry, owner or agent.',
        `All times: ours ${times.latchkey.map(seconds).join(', ')}; DPP ${times.dpp.map(seconds).join(', ')}.`,
      ],
    };
  } finally {
    await site.close();
  }
}

class Joining {
  readonly #lab: Lab;
  readonly #site: RadioSite;
  readonly #station: Station;

  private constructor(lab: Lab, site: RadioSite, station: Station) {
    this.#lab = lab;
    this.#site = site;
    this.#station = station;
  }

  /** hostapd is made the configurator of one device, with the password of a grant. */
  static async prepare(lab: Lab, site: RadioSite): Promise<Joining> {
    copyFileSync(join(import.meta.dirname, 'power-on.sh'), join(lab.share, 'power-on.sh'));
    const station = await Station.make(lab, { name: 'device', radio: 1 });
    const joining = new Joining(lab, site, station);
    await joining.join('latchkey');
    const { password } = JSON.parse(lab.read('device/granted')) as Granted;
    const key = newBootstrapKey();
    lab.write('device/key', ecPrivateKey(key).toString('hex'));
    const uri = dppUri({ channels: ['81/1'], mac: undefined, info: undefined, publicKey: bootstrapPublicKey(key) });
    const hex = (text: string) => Buffer.from(text).toString('hex');
    // Only the BSS of the main network is to answer.
    await site.hostapd.command('wlan0_onb', 'SET dpp_configurator_params configurator=0');
    await site.hostapd.command('wlan0', `SET dpp_configurator_params conf=sta-psk ssid=${hex(ssid)} pass=${hex(password)}`);
    await site.hostapd.command('wlan0', `DPP_QR_CODE '${uri}'`);
    return joining;
  }

  /** How long it took the device, in milliseconds. */
  async join(flow: Flow): Promise<number> {
    const { face, name: namespace } = this.#station;
    const { uuid, pass_tmp: passTmp } = await this.#site.lamp();
    const written = { uuid, pass_tmp: passTmp, 'wpa_supplicant.conf': configuration(flow) };
    Object.entries(written).forEach(([name, text]) => this.#lab.write(`device/${name}`, text));
    const since = this.#site.hostapd.process.mark();
    const start = performance.now();
    const device = this.#lab.do(`sh /lab/power-on.sh ${flow} ${face} /lab/device`, { namespace, timeoutMs: 60_000 });
    await this.#site.hostapd.process.until(new RegExp(`wlan0: AP-STA-CONNECTED ${this.#station.mac}`), { since, timeoutMs: 60_000 });
    const ms = performance.now() - start;
    await device;
    const gone = this.#site.hostapd.process.mark();
    await this.#lab.do(`wpa_cli -p /run/wpa_supplicant -i ${face} raw TERMINATE; ip address flush dev ${face}`, { namespace });
    await this.#site.hostapd.process.until(new RegExp(`wlan0: AP-STA-DISCONNECTED ${this.#station.mac}`), { since: gone });
    return ms;
  }
}

function configuration(flow: Flow): string {
  const lines = ['ctrl_interface=/run/wpa_supplicant', 'p2p_disabled=1', 'freq_list=2412', 'passive_scan=1'];
  const begin = flow === 'dpp' ? 'dpp_config_processing=2' : `network={\n  ssid="${onboardingSsid}"\n  key_mgmt=NONE\n}`;
  return [...lines, begin, ''].join('\n');
}
