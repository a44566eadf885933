import { randomBytes } from 'node:crypto';
import { deviceProof } from '../../src/protocol/device-key.ts';
import { issueToken } from '../../src/roles/admin/service.ts';
import { ApService } from '../../src/roles/ap/service.ts';
import { FactoryService } from '../../src/roles/factory/service.ts';
import type { ServiceContext } from '../../src/roles/service-context.ts';
import type { Actor, Role, Token } from '../../src/domain/token.ts';
import type { AccessRequest } from '../../src/domain/access-request.ts';
import { KeyringSealer } from '../../src/secrets/seal.ts';
import { openStore } from '../../src/storage/open-store.ts';
import type { Store } from '../../src/roles/store.ts';

/** The registry beside the servers under test, on the same database: sets the stage without going through them. */
export class Registry {
  readonly store: Store;

  private constructor(store: Store) {
    this.store = store;
  }

  static async open(url: string, key: Uint8Array): Promise<Registry> {
    return new Registry(await openStore({ url, sealer: new KeyringSealer([key]) }));
  }

  context(actor: Actor = { kind: 'local' }): ServiceContext {
    return {
      store: this.store,
      clock: { now: () => new Date() },
      random: { bytes: (length) => randomBytes(length) },
      actor,
    };
  }

  async token(role: Role, name: string): Promise<{ secret: string; token: Token }> {
    return this.store.transaction(async (tx) => {
      const apId = role === 'ap' ? `ap_${name}` : undefined;
      if (apId !== undefined) {
        await tx.accessPoints.insert({ id: apId, name, createdAt: new Date() });
        await tx.accessPoints.update(apId, { ssid: 'home', onboardingSsid: 'setup', enforcement: 'none', seenAt: new Date() });
      }
      return issueToken({ ...this.context(), store: tx }, { role, name, scope: {}, apId });
    });
  }

  async device(): Promise<{ uuid: string; passTmp: string }> {
    const factory = new FactoryService(this.context());
    const { device, passTmp } = await factory.reserve({ ssid: 'setup' });
    await factory.confirm(device.uuid);
    return { uuid: device.uuid, passTmp };
  }

  /** A proven request of a device at an access point, waiting for its owner. */
  async request(device: { uuid: string; passTmp: string }, token: Token): Promise<AccessRequest> {
    const hello = { uuid: device.uuid, deviceNonce: randomBytes(32) };
    const ap = new ApService(this.context({ kind: 'token', token }));
    const { apNonce } = await ap.verify(hello);
    return ap.request({
      ...hello,
      apNonce,
      deviceProof: deviceProof(device.passTmp, { ...hello, apNonce, apId: token.apId! }),
      deviceLabel: undefined,
      showsCode: false,
      plain: false,
    });
  }

  close(): Promise<void> {
    return this.store.close();
  }
}
