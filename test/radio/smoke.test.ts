import { pbkdf2Sync } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { beforeAll, describe, expect, test } from 'vitest';
import { AccessPoint } from './lab/access-point.ts';
import { latchkey } from './lab/lab.ts';
import { Station } from './lab/station.ts';
import { suiteLab } from './lab/suite-lab.ts';

const lab = suiteLab({ radios: 3 });

test('a command has its exit code, its output and its namespace', async () => {
  expect(await lab().run('echo out; echo error >&2; exit 7')).toEqual({ code: 7, stdout: 'out\n', stderr: 'error\n' });
  await lab().namespace('apart');
  expect(await lab().do('ls /sys/class/net')).toContain('wlan0');
  expect(await lab().do('ip -o link', { namespace: 'apart' })).toMatch(/^1: lo: <LOOPBACK,UP.*\n$/);
});

test('commands run at the same time', async () => {
  await lab().do('mkfifo /run/pipe');
  const waiting = lab().do('cat /run/pipe');
  const process = await lab().start('writer', `sh -c 'echo "$WORD" > /run/pipe; echo done; exec cat /run/pipe'`, { env: { WORD: "it's" } });
  expect(await waiting).toBe("it's\n");
  await process.until(/done/);
  expect(await process.stop()).toBe(128 + 15);
});

test('a command that takes too long is killed', async () => {
  await expect(lab().run('echo begun; cat /dev/zero > /dev/null', { timeoutMs: 1000 })).rejects.toThrow(/did not end in 1000 ms:\nbegun/);
});

test('waiting for what is not written ends with what was', async () => {
  const process = await lab().start('short', `sh -c 'echo last words; exit 3'`);
  await expect(process.until(/never/)).rejects.toThrow('short ended with 3 before it wrote /never/:\nlast words');
});

test('node and the program start in the guest', async () => {
  expect(await lab().do('node --version')).toBe(`${process.version}\n`);
  expect(await lab().do(`${latchkey} --version`)).toMatch(/^latchkey\/\d/);
});

test('the loopback of this machine is at 10.0.2.2', async () => {
  const server = createServer((socket) => socket.end('hello from the host\n')).listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    const { port } = server.address() as AddressInfo;
    expect(await lab().do(`nc 10.0.2.2 ${port}`)).toBe('hello from the host\n');
  } finally {
    server.close();
  }
});

test('the firewall takes rules and holds to them', async () => {
  await lab().do('nft add table inet smoke');
  expect(await lab().do('nft list tables')).toBe('table inet smoke\n');
  await lab().do(`nft 'add chain inet smoke in { type filter hook input priority 0; }; add rule inet smoke in ct state new ip daddr 127.0.0.9 reject'`);
  expect((await lab().run('ping -c 1 -W 1 127.0.0.1')).code).toBe(0);
  expect((await lab().run('ping -c 1 -W 1 127.0.0.9')).code).toBe(1);
});

const passphrases = { first: 'first-passphrase', second: 'second-passphrase' };

/** Four networks on one radio, as a site of ours has them. */
const configuration = `
interface=wlan0
driver=nl80211
ctrl_interface=/run/hostapd
hw_mode=g
channel=1
ssid=psk
wpa=2
wpa_key_mgmt=WPA-PSK
rsn_pairwise=CCMP
wpa_psk_file=/lab/psk

bss=open
ctrl_interface=/run/hostapd
ssid=open

bss=owe
ctrl_interface=/run/hostapd
ssid=owe
wpa=2
wpa_key_mgmt=OWE
rsn_pairwise=CCMP
ieee80211w=2

bss=sae
ctrl_interface=/run/hostapd
ssid=sae
wpa=2
wpa_key_mgmt=SAE
rsn_pairwise=CCMP
ieee80211w=2
sae_pwe=2
sae_password=the-password|id=dev1
`;

describe('on the air', () => {
  let ap: AccessPoint;
  let station: Station;

  beforeAll(async () => {
    lab().write('psk', pskFile({ dev1: passphrases.first }));
    ap = await AccessPoint.start(lab(), { name: 'ap', configuration });
    const addresses = ['wlan0', 'open', 'owe', 'sae'].map((face, index) => `ip address add 10.${index + 1}.0.1/24 dev ${face}`);
    await lab().do(addresses.join(' && '));
    station = await Station.make(lab(), { name: 'sta1', radio: 1 });
  });

  test('a station with a key from the file joins, and is named by it', async () => {
    await station.join(pskNetwork(passphrases.first));
    expect(await ap.joined(station)).toBe('dev1');
    await station.address('10.1.0.2/24');
    expect(await station.reaches('10.1.0.1')).toBe(true);
  });

  test('a key that is taken from the file takes its station off the air, and one that is added lets it in', async () => {
    const mark = station.process.mark();
    lab().write('psk', pskFile({ dev2: passphrases.second }));
    expect(await ap.command('wlan0', 'RELOAD_WPA_PSK')).toBe('OK');
    await station.process.until(/CTRL-EVENT-DISCONNECTED/, { since: mark });
    expect(await station.reaches('10.1.0.1', 1)).toBe(false);
    const since = ap.process.mark();
    await station.join(pskNetwork(passphrases.second));
    expect(await ap.joined(station, { since })).toBe('dev2');
    expect(await station.reaches('10.1.0.1')).toBe(true);
  });

  test('a station with a wrong key stays out, and comes in as soon as the key is there', async () => {
    const process = await station.start(pskNetwork(passphrases.first));
    await process.until(/reason=WRONG_KEY/);
    lab().write('psk', pskFile({ dev1: passphrases.first, dev2: passphrases.second }));
    expect(await ap.command('wlan0', 'RELOAD_WPA_PSK')).toBe('OK');
    const mark = process.mark();
    await station.retry();
    await process.until(/CTRL-EVENT-CONNECTED/, { since: mark });
  });

  test('open', async () => {
    await station.join(['ssid="open"', 'key_mgmt=NONE']);
    await station.address('10.2.0.2/24');
    expect(await station.reaches('10.2.0.1')).toBe(true);
  });

  test('OWE', async () => {
    await station.join(['ssid="owe"', 'key_mgmt=OWE', 'ieee80211w=2']);
    await station.address('10.3.0.2/24');
    expect(await station.reaches('10.3.0.1')).toBe(true);
    expect(await ap.command('owe', `STA ${station.mac}`)).toMatch(/AKMSuiteSelector=00-0f-ac-18/);
  });

  test('SAE with a password that has an identifier', async () => {
    await station.join(['ssid="sae"', 'key_mgmt=SAE', 'sae_password="the-password"', 'sae_password_id="dev1"', 'ieee80211w=2']);
    await station.address('10.4.0.2/24');
    expect(await station.reaches('10.4.0.1')).toBe(true);
    expect(await ap.command('sae', `STA ${station.mac}`)).toMatch(/AKMSuiteSelector=00-0f-ac-8/);
  });

  test('DPP gives a station that knows no network the key to one', async () => {
    const device = await Station.make(lab(), { name: 'sta2', radio: 2 });
    const process = await device.start(undefined, ['dpp_config_processing=2']);
    const own = await device.command('DPP_BOOTSTRAP_GEN type=qrcode chan=81/1');
    const uri = await device.command(`DPP_BOOTSTRAP_GET_URI ${own}`);
    expect(uri).toMatch(/^DPP:.*K:/);
    expect(await device.command('DPP_LISTEN 2412')).toBe('OK');

    const configurator = await ap.command('wlan0', 'DPP_CONFIGURATOR_ADD');
    const peer = await ap.command('wlan0', `DPP_QR_CODE '${uri}'`);
    const [ssid, pass] = ['psk', passphrases.second].map((text) => Buffer.from(text).toString('hex'));
    const offer = `DPP_AUTH_INIT peer=${peer} configurator=${configurator} conf=sta-psk ssid=${ssid} pass=${pass}`;
    expect(await ap.command('wlan0', offer)).toBe('OK');
    await ap.process.until(/DPP-CONF-SENT/);
    await process.until(/DPP-CONF-RECEIVED/);
    expect(await ap.joined(device)).toBe('dev2');
    await device.address('10.1.0.3/24');
    expect(await device.reaches('10.1.0.1')).toBe(true);
  });
});

/** With keys that hostapd need not derive: that would take it a second each. */
function pskFile(passphraseOf: Readonly<Record<string, string>>): string {
  const lines = Object.entries(passphraseOf).map(([id, passphrase]) => `keyid=${id} 00:00:00:00:00:00 ${psk(passphrase)}\n`);
  return lines.join('');
}

function pskNetwork(passphrase: string): string[] {
  return ['ssid="psk"', 'key_mgmt=WPA-PSK', `psk=${psk(passphrase)}`];
}

function psk(passphrase: string): string {
  return pbkdf2Sync(passphrase, 'psk', 4096, 32, 'sha1').toString('hex');
}
