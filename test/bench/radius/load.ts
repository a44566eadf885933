/** Asks a RADIUS server for stations that have a grant, as an access point would. `load.ts '{"port": …, …}'`. */
import { randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { attribute, code } from '../../../src/radius/attributes.ts';
import { Packet, PacketWriter } from '../../../src/radius/packet.ts';
import { SharedSecret } from '../../../src/radius/shared-secret.ts';
import { revealPassword } from '../../radius/reveal-password.ts';
import { LoadWindow, type WindowOptions } from '../load-window.ts';
import { sharedSecret } from '../peers/freeradius.ts';
import { benchSsid, benchStation, type BenchStation } from './bench-station.ts';

export interface RadiusLoadOptions extends WindowOptions {
  readonly port: number;
  readonly grants: number;
  /** Access points, each with one request at a time. */
  readonly accessPoints: number;
}

const options = JSON.parse(process.argv[2] ?? '{}') as RadiusLoadOptions;
const secret = new SharedSecret(sharedSecret);
const writer = new PacketWriter();
const load = new LoadWindow();
/** Every so many answers all of it is looked at, of the others their code. */
const checkEvery = 512;
/** Lost datagrams are asked again after this. */
const patienceMs = 1000;

/** As hostapd asks for a station (`macaddr_acl=2`). */
function request({ mac }: BenchStation, identifier: number): Buffer {
  const spelled = mac.replaceAll(':', '-').toUpperCase();
  return writer.begin(secret, code.accessRequest, identifier, randomBytes(16))
    .signature()
    .text(attribute.userName, mac.replaceAll(':', ''))
    .text(attribute.calledStationId, `02-00-00-00-FF-01:${benchSsid}`)
    .text(attribute.callingStationId, spelled)
    .seal();
}

function check(reply: Packet, asked: Packet, { mac, grantId, password, vlan }: BenchStation): void {
  const { authenticator } = asked;
  const tunnel = reply.value(attribute.tunnelPassword);
  // Either may begin with a tag (RFC 2868 section 3.6).
  const told = {
    password: tunnel && revealPassword(sharedSecret, authenticator, tunnel.subarray(1)),
    vlan: reply.text(attribute.tunnelPrivateGroupId)?.replace(/^[\0-\x1f]/, ''),
    grantId: reply.text(attribute.class),
    interimS: reply.integer(attribute.acctInterimInterval),
    user: reply.text(attribute.chargeableUserIdentity),
    signed: reply.isSigned(secret, authenticator),
    authentic: reply.isAuthentic(secret, authenticator),
  };
  const right = { password, vlan: String(vlan), grantId, interimS: 300, user: grantId, signed: true, authentic: true };
  if (JSON.stringify(told) !== JSON.stringify(right)) {
    throw new Error(`This is not the answer for ${mac}: ${JSON.stringify(told)}`);
  }
}

/** Each from a port of its own, so that an identifier needs no table. */
async function open(): Promise<() => void> {
  const socket = createSocket('udp4');
  await new Promise<void>((resolve) => socket.connect(options.port, '127.0.0.1', resolve));
  let identifier = 0;
  let asked: { readonly station: BenchStation; readonly request: Buffer; readonly at: number } = { station: benchStation(0), request: Buffer.of(), at: 0 };
  const ask = () => {
    identifier = (identifier + 1) & 255;
    const station = benchStation(Math.floor(Math.random() * options.grants));
    asked = { station, request: request(station, identifier), at: performance.now() };
    socket.send(asked.request);
  };
  socket.on('message', (message) => {
    if (message[1] !== identifier) return;
    if (message[0] !== code.accessAccept) throw new Error(`RADIUS answered ${message[0]}`);
    if (load.answered % checkEvery === 0) check(Packet.decode(message), Packet.decode(asked.request), asked.station);
    load.add(asked.at);
    ask();
  });
  // Refused while the server is not listening yet: asked again like what was lost.
  socket.on('error', () => {});
  const again = setInterval(() => {
    if (performance.now() - asked.at > patienceMs) ask();
  }, patienceMs);
  ask();
  return () => {
    clearInterval(again);
    socket.close();
  };
}

// It never sleeps: on neither side is waking it up a part of what an answer costs the server.
let over = false;
const stayAwake = () => over || setImmediate(stayAwake);
stayAwake();

const closers = await Promise.all(Array.from({ length: options.accessPoints }, open));
const result = await load.measure(options);
over = true;
for (const close of closers) {
  close();
}
console.log(JSON.stringify(result));
