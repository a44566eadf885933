import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { AdminClient } from '../../src/client/admin-client.ts';
import { ApClient } from '../../src/client/ap-client.ts';
import { EnrollmentClient } from '../../src/client/enrollment-client.ts';
import { FactoryClient } from '../../src/client/factory-client.ts';
import { HttpClient } from '../../src/client/http-client.ts';
import { OwnerClient } from '../../src/client/owner-client.ts';
import { devicePsk, deviceProof } from '../../src/protocol/device-key.ts';
import { Authority } from './certificates.ts';
import { startServer } from './running-server.ts';

test('a device is registered, asks, is approved and joins, every step over TLS', async () => {
  const authority = new Authority();
  const running = await startServer({ tls: authority.server() });
  const clients: HttpClient[] = [];
  const as = (token?: string) => {
    const http = new HttpClient({ url: running.url, token, ca: authority.cert });
    clients.push(http);
    return http;
  };
  try {
    const { secret: adminToken } = await running.enroll('admin');
    const admin = new AdminClient(as(adminToken));
    const enrolled = async (role: 'factory' | 'ap' | 'owner') => {
      const { code } = await admin.createEnrollCode({ role, scope: {}, lifetimeMs: 60_000 });
      return new EnrollmentClient(as()).enroll(code, role);
    };
    const factory = new FactoryClient(as((await enrolled('factory')).secret));
    const { secret, token } = await enrolled('ap');
    const ap = new ApClient(as(secret));
    const owner = new OwnerClient(as((await enrolled('owner')).secret));

    const { device, passTmp } = await factory.reserve({ ssid: 'setup', model: 'lamp' });
    const hello = { uuid: device.uuid, deviceNonce: randomBytes(32) };
    expect((await ap.verify(hello)).status).toBe('unknown');
    await factory.confirm(device.uuid);
    await ap.announce({ ssid: 'home', onboardingSsid: 'setup', enforcement: 'per-grant' });

    const { status, psk, apNonce } = await ap.verify(hello);
    const keyed = { ...hello, apNonce, apId: token.apId! };
    expect([status, psk]).toEqual(['known', devicePsk(passTmp, keyed)]);
    const request = await ap.request({ ...hello, apNonce, deviceProof: deviceProof(passTmp, keyed), deviceLabel: 'x', showsCode: true, plain: false });
    expect(request).toMatchObject({ status: 'pending', model: 'lamp', uuid: device.uuid });
    const waiting = ap.changes(request.revision, 10_000);
    expect((await owner.approve(request.id)).status).toBe('approved');
    expect((await waiting).requests).toMatchObject([{ id: request.id, status: 'approved' }]);
    await ap.report(request.id, 'delivered');
    expect((await ap.report(request.id, 'joined')).status).toBe('joined');
    expect((await owner.grants({ state: 'active' }, { limit: 10 })).items).toMatchObject([{ subject: { id: device.uuid } }]);
  } finally {
    await Promise.all(clients.map((client) => client.close()));
    await running.stop();
  }
});
