import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { requires } from '../requirements.ts';
import { CommandLine, type Ran } from './command-line.ts';

let cli: CommandLine;

beforeAll(async () => {
  cli = await CommandLine.make();
});
afterAll(() => cli.close());

const networks = ['--interface', 'wlan77', '--ssid', 'Home', '--onboarding-ssid', 'iot-setup'];
/** The networks, and flags that may stand for one of theirs. */
const having = (...args: string[]) => [...args, ...networks.filter((_, at) => !args.includes(networks[at - (at % 2)]!))];
const config = (args: readonly string[], options?: Parameters<CommandLine['run']>[1]): Promise<Ran> => cli.run(['ap', 'config', ...args], options);
const errorIn = ({ stderr }: Ran) => JSON.parse(stderr.trim().split('\n').at(-1)!) as { code: string; message: string; exit: number };

function freshFolder(): string {
  const folder = join(cli.folder, randomUUID());
  mkdirSync(folder);
  return folder;
}

test('the configuration goes to standard output, and says how it came about and what to do with it', async () => {
  const { code, stdout, stderr } = await config(having('--ssid', 'it’s "Home"', '--onboarding', 'owe'));
  expect(code).toBe(0);
  expect(stdout).toContain(`# Made by:
#   latchkey ap config --ssid 'it’s "Home"' --onboarding owe --interface wlan77 \\
#     --onboarding-ssid iot-setup
# Start it, with an absolute path, for -B changes to /:
#   hostapd -B -P /run/hostapd.pid FILE
# Run beside it:
#   latchkey ap serve --radio hostapd --hostapd-conf FILE --ssid 'it’s "Home"' \\
#     --onboarding-ssid iot-setup
interface=wlan77
`);
  expect(stdout).toContain('\nwpa_psk_file=/');
  expect(stderr).toMatch(/Warning: There is no wlan77 here[^]*Warning: hostapd needs the file \/.*wlan77\.wpa_psk when it starts/);
});

test('with --output, the file and that of the keys are made for their owner alone, and nothing is overwritten', async () => {
  const folder = freshFolder();
  const file = join(folder, 'hostapd.conf');
  const wanted = [...networks, '--vlan', '--onboarding-bssid', '06:00:00:00:00:00', '--output', file];
  expect(await cli.json(['ap', 'config', ...wanted])).toEqual({ kind: 'hostapd', onboarding_interface: 'wlan77_onb', output: file });
  const made = readFileSync(file, 'utf8');
  expect(made).toContain(`wpa_psk_file=${folder}/wlan77.wpa_psk\ndynamic_vlan=1\n`);
  expect(made).toContain('\nbss=wlan77_onb\nbssid=06:00:00:00:00:00\n');
  expect(['hostapd.conf', 'wlan77.wpa_psk'].map((name) => statSync(join(folder, name)).mode & 0o777)).toEqual([0o600, 0o600]);
  expect(readFileSync(join(folder, 'wlan77.wpa_psk'), 'utf8')).toBe('');
  const other = await config([...wanted, '--channel', '1', '--json']);
  expect(errorIn(other)).toMatchObject({ code: 'file_exists', exit: 5 });
  expect(readFileSync(file, 'utf8')).toBe(made);
});

test('keys that are there already stay', async () => {
  const folder = freshFolder();
  const pskFile = cli.file('kept_psk', '00:00:00:00:00:00 correct horse\n');
  expect((await config([...networks, '--psk-file', 'kept_psk', '--output', join(folder, 'hostapd.conf')])).code).toBe(0);
  expect(readFileSync(join(folder, 'hostapd.conf'), 'utf8')).toContain(`\nwpa_psk_file=${pskFile}\n`);
  expect(readFileSync(pskFile, 'utf8')).toBe('00:00:00:00:00:00 correct horse\n');
});

test('a shared password comes as every secret, and is only in the file', async () => {
  const folder = freshFolder();
  const shared = [...networks, '--security', 'wpa2-wpa3', '--shared-password', '--output', join(folder, 'hostapd.conf')];
  const ran = await config([...shared, '--password-file', '-', '--json'], { input: 'correct horse battery\n' });
  expect(ran.code).toBe(0);
  expect(ran.stdout + ran.stderr).not.toContain('correct horse');
  expect(readFileSync(join(folder, 'hostapd.conf'), 'utf8')).toMatch(/^#  .* --shared-password$[^]*\nsae_password=correct horse battery\n/m);
  expect(existsSync(join(folder, 'wlan77.wpa_psk'))).toBe(false);
  expect(await config([...networks, '--shared-password'], { env: { LATCHKEY_PASSWORD: 'correct horse battery' } })).toMatchObject({ code: 0, stdout: expect.stringContaining('\nwpa_psk=') });
  const missing = await config([...networks, '--shared-password', '--json']);
  expect(errorIn(missing)).toMatchObject({ code: 'missing_input', message: expect.stringContaining('--password-file') });
});

test.each([
  [['--interface', 'wlan 0'], '--interface: "wlan 0" is not an interface such as wlan0: 1 to 15 letters, digits, "_", "." and "-".'],
  [['--interface', 'wlan0_onb'], '--interface: "wlan0_onb" is the name of an onboarding network: name its radio.'],
  [['--bridge', 'br/0'], '--bridge: "br/0" is not an interface such as wlan0: 1 to 15 letters, digits, "_", "." and "-".'],
  [['--ssid', 'x'.repeat(33)], '--ssid: An SSID has 1 to 32 bytes; this one has 33.'],
  [['--channel', '14'], expect.stringMatching(/^--channel: "14" is no channel: there are 1 to 13/)],
  [['--channel', '36'], '--channel 36 needs --country: a radio that does not know where it is leaves it alone.'],
  [['--country', 'de'], '--country: "de" is not a country such as DE: two capital letters.'],
  [['--onboarding-bssid', '01:00:00:00:00:00'], '--onboarding-bssid: 01:00:00:00:00:00 is the address of a group, and no access point’s.'],
  [['--psk-file', 'a\nb'], '--psk-file: A path in a configuration has no control characters.'],
  [['--output', 'a\nb'], 'A path in a configuration has no control characters.'],
  [['--control-dir', `/${'x'.repeat(91)}`], '--control-dir: The absolute path is longer than 91 bytes.'],
  [['--psk-file', 'a', '--security', 'wpa3-sae'], '--psk-file is for WPA2: with wpa3-sae, the keys are in no file.'],
  [['--psk-file', 'a', '--shared-password'], '--psk-file is for keys of each station: with --shared-password there are none.'],
  [['--vlan', '--shared-password'], '--vlan goes by each station’s own key: with --shared-password there is none.'],
  [['--vlan', '--interface', 'wlx00c0ca12'], '--vlan makes interfaces such as wlx00c0ca12.4094, of more than 15 characters: give the radio a name of at most 10.'],
  [['--password-file', 'a'], '--password-file is for --shared-password.'],
  [['--port', '0'], '--port: "0" is not a whole number from 1 to 65535.'],
])('%j is refused in its own words', async (args, message) => {
  expect(errorIn(await config([...having(...args), '--json']))).toMatchObject({ exit: 2, message });
});

test('a password that hostapd could not take is refused without being shown', async () => {
  for (const [password, message] of [['short', 'A Wi-Fi password has 8 to 63'], ['secret|id=words', 'hostapd takes no SAE password with']] as const) {
    const ran = await config([...networks, '--security', 'wpa3-sae', '--shared-password', '--password-file', '-', '--json'], { input: password });
    expect(errorIn(ran)).toMatchObject({ exit: 2, message: expect.stringContaining(message) });
    expect(ran.stderr).not.toContain(password);
  }
});

test('the firewall’s rules take the same flags', async () => {
  const { code, stdout } = await config([...networks, '--firewall', '--bridge', 'br0', '--relay-port', '9000']);
  expect(code).toBe(0);
  expect(stdout).toContain('#   nft -f FILE\nadd table inet latchkey\ndelete table inet latchkey\n');
  expect(stdout).toContain('iifname "wlan77_onb" jump agent_only');
  expect(stdout).toContain('tcp dport { 8430, 8431, 9000 } counter accept');
  expect(stdout).toContain('table bridge latchkey {');
  expect((await config(['--interface', 'wlan77', '--firewall'])).stdout).not.toContain('table bridge');
});

requires('hostapd')('--check', () => {
  test('finds hostapd where the PATH of users does not lead', async () => {
    expect((await config([...networks, '--check'], { env: { PATH: '/nonexistent' } })).code).toBe(0);
  });

  test('says that hostapd takes it', async () => {
    expect(await config([...networks, '--check'])).toMatchObject({ code: 0, stderr: expect.stringContaining('hostapd takes it.\n') });
    const output = join(freshFolder(), 'hostapd.conf');
    expect(await cli.json(['ap', 'config', ...networks, '--check', '--output', output])).toMatchObject({ checked: true, output });
  });

  test('fails with hostapd’s words and writes nothing', async () => {
    const folder = freshFolder();
    cli.file('broken_psk', 'secret words\n');
    const ran = await config([...networks, '--psk-file', 'broken_psk', '--check', '--json', '--output', join(folder, 'hostapd.conf')]);
    expect(ran.stdout).toBe('');
    expect(errorIn(ran)).toMatchObject({ code: 'check_failed', exit: 12, message: expect.stringContaining('Invalid MAC address on line 1') });
    expect(ran.stderr).not.toContain('secret');
    expect(existsSync(join(folder, 'hostapd.conf'))).toBe(false);
  });
});
