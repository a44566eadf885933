import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { Account } from '../../src/domain/account.ts';
import { jsonWith, type Running } from './command-line.ts';
import { identityCode, type Purse } from './purse.ts';
import { SharedNetwork } from './shared-network.ts';
import { Site, password, ways } from './site.ts';
import type { Till } from './till.ts';

/** Both sides as their programs: what one does, the other sees. */
describe.each(ways)('sharing a network, %s', (way) => {
  let site: Site;
  let till: Till;
  let sharer: Purse;
  let guest: Purse;
  let [owner, payer]: Account[] = [];
  let serving: Running;
  let port: number;
  let network: SharedNetwork;
  let networkId: string;
  let offerId: string;

  beforeAll(async () => {
    site = await Site.make(way);
    till = await site.till();
    [sharer, guest] = [await site.purse(), way === 'server' ? await site.otherPurse() : await site.purse()];
    [owner, payer] = [await till.account('10.00EUR'), await till.account('20.00EUR')];
    await sharer.bind(owner);
    await guest.bind(payer);
    network = new SharedNetwork(sharer.cli);
    const { challenge } = await sharer.json(['share', 'verify', 'start', ...network.claim, '--account', owner.id]);
    network.isCalled(Buffer.from(challenge.second as string, 'base64url'));
    ({ network_id: networkId } = await sharer.json<{ network_id: string }>(['share', 'verify', 'confirm', challenge.challenge_id as string, '--scan', network.scan]));
    network.isCalled(network.name);
    ({ offer_id: offerId } = await sharer.json<{ offer_id: string }>(['share', 'offer', networkId, '--step', '1.00EUR=100MB', '--refund', 'unused', '--yes']));
    await serve();
  });
  afterAll(async () => {
    await (guest === sharer ? undefined : guest.close());
    await site.close();
  });

  async function serve(): Promise<void> {
    const file = sharer.cli.file('shared-wifi', password);
    serving = sharer.cli.start(['share', 'serve', networkId, '--radio', 'none', '--password-file', file, '--listen', '127.0.0.1', '--thumbprint-port', '0', '--json'], { env: sharer.env });
    ({ thumbprint_port: port } = (await serving.line(jsonWith('event', 'serving'))) as { thumbprint_port: number });
  }
  const heldAndLeft = async ({ id }: Account) => {
    const { balance, held } = await till.balance({ id } as Account);
    return [balance, held];
  };
  const buy = (...more: string[]) =>
    guest.json(['share', 'request', offerId, '--buy', '200MB', '--account', payer!.id, '--max-fee', '2.00EUR', '--identity-code-file', '-', '--sharer', `127.0.0.1:${port}`, ...more], identityCode);

  test('a guest finds it, pays, gets in, is counted, buys more, ends, and has the rest of its money back', async () => {
    const { items } = await guest.json(['share', 'find', '--scan', network.scan]);
    expect(items).toMatchObject([{ offer: { offer_id: offerId } }]);
    const { request, credential, compared } = await buy();
    expect({ request, credential, compared }).toMatchObject({ request: { state: 'active' }, credential: { ssid: 'Home', password }, compared: 'same' });
    expect(await heldAndLeft(payer!)).toEqual([1800n, 0n]);
    const id = request.request_id as string;

    const using = guest.cli.start(['share', 'use', id, '--interface', 'lo', '--every', '200ms', '--json'], { env: guest.env });
    await using.line(jsonWith('event', 'usage'));
    expect(await guest.json(['share', 'topup', id, '--buy', '100MB', '--max-fee', '1.00EUR', '--identity-code-file', '-'], identityCode)).toMatchObject({ state: 'active', kind: 'increase' });
    expect(await using.line(jsonWith('event', 'increased'))).toMatchObject({ quantity: '100MB' });
    expect(await heldAndLeft(payer!)).toEqual([1700n, 0n]);

    expect(await guest.json(['share', 'end', id, '--yes'])).toMatchObject({ request_id: id });
    // Nobody counts at the sharer's side here, so that its last reading is waited for in vain.
    await vi.waitUntil(async () => (await guest.json(['share', 'usage', id]))['guest']?.final === true, { timeout: 10_000 });
    site.alterDatabase('update share_requests set due_at = cast(? as integer) where id = ?', Date.now().toString(), id);
    await guest.json(['share', 'usage', id]);
    const { code, stdout } = await using.ended;
    const last = JSON.parse(stdout.trimEnd().split('\n').at(-1)!) as Record<string, any>;
    expect({ code, event: last['event'], state: last['request'].state }).toEqual({ code: 0, event: 'ended', state: 'ended' });
    const [cost, returned] = [BigInt(last['cost'].minor), BigInt(last['returned'].minor)];
    expect(cost + returned).toBe(300n);
    expect(await heldAndLeft(payer!)).toEqual([2000n - cost, 0n]);
    expect(await heldAndLeft(owner!)).toEqual([1000n + cost, 0n]);
    expect(await sharer.json(['share', 'earnings', '--network', networkId])).toMatchObject({ items: [{ sales: 2, sold: { minor: '300' }, returned: { minor: `${returned}` }, earned: { minor: `${cost}` } }] });
    const file = join(sharer.cli.folder, 'shared.html');
    await sharer.json(['share', 'report', '--html', file]);
    expect(readFileSync(file, 'utf8')).toContain('<bdi>Home</bdi>');
  });

  test('killed while the other one is, both go on, and it is paid once', async () => {
    const before = await heldAndLeft(payer!);
    serving.kill('SIGKILL');
    await serving.ended;
    const asking = guest.cli.start(['share', 'request', offerId, '--buy', '200MB', '--account', payer!.id, '--max-fee', '2.00EUR', '--identity-code-file', '-'], { env: guest.env, input: identityCode });
    await vi.waitUntil(async () => (await heldAndLeft(payer!))[1] === 200n, { timeout: 20_000 });
    asking.kill('SIGKILL');
    await asking.ended;
    await serve();
    const access = await buy();
    expect(access).toMatchObject({ request: { state: 'active' }, credential: { password }, compared: 'same' });
    expect(await heldAndLeft(payer!)).toEqual([before[0]! - 200n, 0n]);
    await guest.json(['share', 'end', access['request'].request_id, '--yes']);
  });
});
