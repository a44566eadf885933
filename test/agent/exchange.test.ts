import { afterEach, describe, expect, test } from 'vitest';
import { joinNetwork } from '../../src/roles/device/service.ts';
import { onboardingSsid, password, Site } from './site.ts';

let site: Site;
afterEach(() => site.close());

describe.each([['another name', 'Home'], ['the same name', onboardingSsid]])('the SSID handed out has %s', (_name, ssid) => {
  test('a device asks, its owner approves, it gets the password and says that it joined', async () => {
    site = await Site.open({ ssid });
    const identity = await site.device({ label: 'Lamp 7' });
    const joining = joinNetwork({
      link: site.link(),
      identity,
      label: 'I am a lamp',
      showsCode: true,
      timeoutMs: 10_000,
      confirm: async () => true,
      use: async () => {},
    });
    const pending = await site.request('pending');
    expect(pending).toMatchObject({ uuid: identity.uuid, model: 'lamp', label: 'Lamp 7', deviceLabel: 'I am a lamp' });
    await site.agent.service.approve(pending.id);

    const { asked, granted } = await joining;
    expect(granted).toMatchObject({ ssid, password, security: 'wpa2-psk', expiresAt: undefined });
    expect(asked).toMatchObject({ requestId: pending.id, apId: site.apId, apName: 'Living room', matchCode: pending.matchCode });
    expect(asked.matchCode).toMatch(/^\d{4}$/);
    expect(await site.request('joined')).toMatchObject({ id: pending.id, grantId: granted.grantId });
  });
});
