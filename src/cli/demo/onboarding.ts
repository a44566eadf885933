import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { AccessRequestWire } from '../../api/access-requests.ts';
import type { AuditEntryWire, AuditVerificationWire } from '../../api/audit.ts';
import { actorForPeople } from '../../domain/token.ts';
import type { AgentEventWire } from '../present/agent-events.ts';
import type { FlashWire } from '../present/devices.ts';
import { Scene, type Narrator } from './scene.ts';

const onboardingSsid = 'latchkey-setup';
const ssid = 'Home';

/**
 * The whole story on one machine: server, AP agent and device are processes of this program in a temporary home,
 * talking over TLS and TLS-PSK as they would anywhere.
 */
export async function tellOnboarding(narrator: Narrator): Promise<void> {
  const { tell, ask } = narrator;
  const scene = await Scene.start(narrator);
  const { programs } = scene;
  await tell({ who: 'server', text: `Runs at ${scene.url}, with its registry in a new SQLite file.` });

  const ap = await programs.json<{ ap_id: string; ap_name: string }>(['ap', 'enroll', ...scene.enrolling, '--name', 'Hall'], await scene.enrollCode('ap'));
  await tell({ who: 'admin', text: `Made a single-use code; with it the access point "${ap.ap_name}" got its token.` });

  const password = randomBytes(9).toString('base64url');
  const { events } = await programs.service(
    ['ap', 'serve', '--profile', 'ap', '--onboarding-ssid', onboardingSsid, '--ssid', ssid, '--listen', '127.0.0.1', '--port', '0', '--secure-port', '0', '--password-file', '-'],
    listening,
    password,
  );
  const { hello_port: port, secure_port: securePort } = await events.next(listening);
  await tell({
    who: 'access point',
    text: `Listens for devices on "${onboardingSsid}" (hello ${port}, TLS-PSK ${securePort}); knows the password of "${ssid}".`,
  });

  const device = await scene.admin<FlashWire>('device', 'register', '--ssid', onboardingSsid, '--model', 'lamp-2', '--label', 'Lamp');
  await tell({
    who: 'factory',
    text: 'Registered a lamp, and writes into it:',
    lines: [`uuid      ${device.uuid}`, `ssid      ${device.ssid}`, `pass_tmp  ${device.pass_tmp}`],
  });

  const joining = programs.start(
    ['device', 'join', '--uuid', device.uuid, '--ssid', onboardingSsid, '--ap', `http://127.0.0.1:${port}`, '--pass-tmp-file', '-', '--yes', '--no-input'],
    device.pass_tmp,
  );
  const printed: string[] = [];
  joining.lines.on('line', (line) => printed.push(line));
  const request = await Promise.race([events.next(pending), joining.ended.then(({ stderr }) => Promise.reject(new Error(stderr)))]);
  await tell({
    who: 'device',
    text: `Said hello, proved its pass_tmp by a TLS-PSK handshake without sending it, and asks to be let in. It shows ${request.match_code}.`,
  });
  await tell({ who: 'server', text: `Checked the device’s own proof, and tells the access point what it is: ${request.label}, ${request.model}.` });

  const yes = ask === undefined ? true : await ask(`You own the access point. Let ${request.label} (${request.model}) in? Its code is ${request.match_code}.`);
  if (yes) {
    await programs.json(['ap', 'approve', request.request_id]);
    await tell({ who: 'owner', text: `Compared the code ${request.match_code} and said yes.` });
  } else {
    await programs.json(['ap', 'deny', request.request_id, '--reason', 'not today']);
    await tell({ who: 'owner', text: 'Said no.' });
  }
  const { stderr } = await joining.ended;
  if (yes) {
    await tell({ who: 'device', text: 'Got the password over the encrypted channel, joined, and said so:', lines: printed });
  } else {
    await tell({ who: 'device', text: 'Got nothing:', lines: stderr.trim().split('\n').slice(1) });
  }

  const trail = await wholeTrail(scene, device.uuid, yes ? 'request.joined' : 'request.denied');
  const log = await scene.admin<AuditVerificationWire>('audit', 'verify');
  await tell({
    who: 'server',
    text: `Its log of this device; the chain of ${log.head?.count} entries is whole:`,
    lines: trail.map(({ action, actor }) => `${action.padEnd(18)} ${actorForPeople(actor)}`),
  });
  await scene.end();
}

/** What an access point asked is logged up to a second later, and the agent reports a moment after the device: waits for both. */
async function wholeTrail(scene: Scene, uuid: string, last: AuditEntryWire['action']): Promise<AuditEntryWire[]> {
  const deadline = performance.now() + 10_000;
  for (;;) {
    const { items } = await scene.admin<{ items: AuditEntryWire[] }>('device', 'history', uuid);
    const isWhole = ['device.asked', last].every((expected) => items.some(({ action }) => action === expected));
    if (isWhole || performance.now() > deadline) {
      return items;
    }
    await delay(100);
  }
}

function listening(event: unknown) {
  const { event: kind, ...rest } = event as AgentEventWire;
  return kind === 'listening' && 'status' in rest ? rest.status : undefined;
}

function pending(event: unknown): AccessRequestWire | undefined {
  const { event: kind, ...rest } = event as AgentEventWire;
  return kind === 'request' && 'request' in rest && rest.request.status === 'pending' ? rest.request : undefined;
}
