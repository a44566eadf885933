import { afterAll, beforeAll, expect, test } from 'vitest';
import { Station } from './lab/station.ts';
import { suiteLab } from './lab/suite-lab.ts';
import { mainAddress, networkOf, RadioSite, type Granted } from './site.ts';

const lab = suiteLab({ radios: 2 });
const sharedSecret = 'of-the-hall';
let site: RadioSite;
let station: Station;
let granted: Granted;

/** hostapd as it is without anything of ours: it asks for each station, accounts for it, and takes orders. */
const asksByRadius = [
  'macaddr_acl=2', 'wpa_psk_radius=2', 'own_ip_addr=127.0.0.1', 'nas_identifier=hall', 'radius_acct_interim_interval=1',
  ...['auth', 'acct'].flatMap((service) => [`${service}_server_addr=127.0.0.1`, `${service}_server_port=${service === 'auth' ? 1812 : 1813}`, `${service}_server_shared_secret=${sharedSecret}`]),
  'radius_das_port=3799', `radius_das_client=127.0.0.1 ${sharedSecret}`,
].join('\n');

beforeAll(async () => {
  site = await RadioSite.open(lab(), {
    agent: {
      command: ['ap', 'radius', '--nas', 'hall=127.0.0.1'],
      env: { LATCHKEY_RADIUS_SECRET_HALL: sharedSecret },
      hostapd: (configuration) => configuration.replace(/^wpa_psk_file=.*$/m, asksByRadius),
    },
  });
  station = await Station.make(lab(), { name: 'station', radio: 1 });
});
afterAll(() => site?.close());

test('a device onboards over the air and joins with the password that hostapd was told by RADIUS; what it uses is counted', async () => {
  granted = await site.letIn(station, '10.1.0.11');
  expect(await station.reaches(mainAddress)).toBe(true);
  const grant = await site.grant(granted, ({ usage }) => BigInt(usage.bytes_in) > 0n);
  expect(grant).toMatchObject({ state: 'active' });
  expect(await site.trail(granted)).toContain('request.joined');
});

/** hostapd remembers for 30 seconds whom it may let in. Until it asks again, who comes back is sent away at once. */
test('revoked, it is off the air within two seconds, and does not come back', async () => {
  const mark = station.process.mark();
  const off = station.process.until(/CTRL-EVENT-DISCONNECTED/, { since: mark }).then(() => Date.now());
  const { closed_at: closed } = await site.json<{ closed_at: string }>('grant', 'revoke', granted.grant_id);
  const ms = (await off) - Date.parse(closed);
  console.info(`Off the air ${ms} ms after the revocation.`);
  expect(ms).toBeLessThan(2000);

  const again = await station.start(networkOf(granted));
  await again.until(/CTRL-EVENT-CONNECTED/);
  const connectedAt = Date.now();
  await again.until(/CTRL-EVENT-DISCONNECTED/);
  console.info(`Off the air again after ${Date.now() - connectedAt} ms.`);
  expect(Date.now() - connectedAt).toBeLessThan(2000);
  await again.until(/CTRL-EVENT-AUTH-REJECT/, { timeoutMs: 60_000 });
});
