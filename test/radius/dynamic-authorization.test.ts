import { spawn, type ChildProcess } from 'node:child_process';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { attribute, code } from '../../src/radius/attributes.ts';
import { DynamicAuthorization } from '../../src/radius/dynamic-authorization.ts';
import { noAuthenticator, Packet, PacketWriter } from '../../src/radius/packet.ts';
import { SharedSecret } from '../../src/radius/shared-secret.ts';
import { requires } from '../requirements.ts';

const sharedSecret = 'of-the-hall';
const secret = new SharedSecret(sharedSecret);
const session = { mac: '02:00:00:00:00:0a', sessionId: 'A1', nasIdentifier: 'ap-7' };

async function freePort(): Promise<number> {
  const socket = await bound();
  const { port } = socket.address();
  socket.close();
  await once(socket, 'close');
  return port;
}

async function bound(): Promise<Socket> {
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return socket;
}

describe('a NAS that is a stand-in', () => {
  let socket: Socket;
  let nas: { address: string; port: number; secret: string };
  let requests: Packet[];
  /** What it sends back for the nth request, counted from 1. */
  let replies: (request: Packet, count: number) => readonly Buffer[];

  beforeEach(async () => {
    socket = await bound();
    nas = { address: '127.0.0.1', port: socket.address().port, secret: sharedSecret };
    requests = [];
    socket.on('message', (datagram, from) => {
      const request = Packet.decode(datagram);
      requests.push(request);
      for (const reply of replies(request, requests.length)) socket.send(reply, from.port, from.address);
    });
  });
  afterEach(() => socket.close());

  function reply(request: Packet, difference: 1 | 2, { key = secret, identifier = request.identifier } = {}): PacketWriter {
    return new PacketWriter().begin(key, request.code + difference, identifier, request.authenticator);
  }

  test('is told to disconnect', async () => {
    replies = (request) => [reply(request, 1).seal()];
    expect(await new DynamicAuthorization({ now: () => 1_700_000_000_999 }).disconnect(nas, session)).toBe('ack');
    const [request] = requests;
    expect(request!.code).toBe(code.disconnectRequest);
    expect(request!.isAuthentic(secret, noAuthenticator)).toBe(true);
    expect(request!.isSigned(secret, noAuthenticator)).toBe(true);
    expect([...request!.attributes()].slice(1).map(({ type, value }) => [type, type === attribute.eventTimestamp ? value.readUInt32BE() : value.toString()])).toEqual([
      [attribute.nasIdentifier, 'ap-7'], [attribute.callingStationId, '02-00-00-00-00-0A'], [attribute.acctSessionId, 'A1'], [attribute.eventTimestamp, 1_700_000_000],
    ]);
  });

  test('is told to change a session, and refuses', async () => {
    replies = (request) => [reply(request, 2).signature().integer(attribute.errorCause, 401).seal()];
    expect(await new DynamicAuthorization().changeOfAuthorization(nas, { ...session, vlan: 30, sessionTimeoutS: 60 })).toEqual({ nak: 401 });
    expect(requests[0]!.code).toBe(code.coaRequest);
    expect(requests[0]!.text(attribute.tunnelPrivateGroupId)).toBe('30');
    expect(requests[0]!.integer(attribute.sessionTimeout)).toBe(60);
  });

  test('may refuse without a cause', async () => {
    replies = (request) => [reply(request, 2).seal()];
    expect(await new DynamicAuthorization().disconnect(nas, { mac: session.mac })).toEqual({ nak: undefined });
  });

  test('is asked again with the same packet', async () => {
    replies = (request, count) => (count < 3 ? [] : [reply(request, 1).seal()]);
    expect(await new DynamicAuthorization({ waitsMs: [20, 40, 10_000] }).disconnect(nas, session)).toBe('ack');
    expect(requests).toHaveLength(3);
    expect(new Set(requests.map(({ bytes }) => bytes.toString('hex'))).size).toBe(1);
  });

  test('is not believed what it did not sign', async () => {
    replies = (request) => [
      reply(request, 1, { key: new SharedSecret('another') }).seal(),
      reply(request, 1, { identifier: request.identifier ^ 1 }).seal(),
      reply(request, 1).bytes(attribute.messageAuthenticator, Buffer.alloc(16)).seal(),
      reply(request, 1).bytes(attribute.messageAuthenticator, Buffer.alloc(3)).seal(),
      new PacketWriter().begin(secret, code.coaAck, request.identifier, request.authenticator).seal(),
      Buffer.from('nonsense'),
      reply(request, 2).integer(attribute.errorCause, 503).seal(),
    ];
    expect(await new DynamicAuthorization().disconnect(nas, session)).toEqual({ nak: 503 });
  });

  test('may be silent', async () => {
    replies = () => [];
    expect(await new DynamicAuthorization({ waitsMs: [5, 10] }).disconnect(nas, session)).toBe('no-answer');
    await expect.poll(() => requests.length).toBe(2);
  });

  test('may not be there', async () => {
    const port = await freePort();
    expect(await new DynamicAuthorization({ waitsMs: [5, 10] }).disconnect({ ...nas, port }, session)).toBe('no-answer');
  });

  test('is told of many at once, each of them', async () => {
    replies = (request) => [reply(request, 1).seal()];
    const client = new DynamicAuthorization();
    const answers = await Promise.all(Array.from({ length: 300 }, (_none, number) => client.disconnect(nas, { ...session, sessionId: `S${number}` })));
    expect(new Set(answers)).toEqual(new Set(['ack']));
    expect(new Set(requests.map((request) => request.text(attribute.acctSessionId))).size).toBe(300);
  });
});

/** A program that says when it is ready. */
class Peer {
  readonly #folder: string;
  readonly #child: ChildProcess;

  private constructor(folder: string, child: ChildProcess) {
    this.#folder = folder;
    this.#child = child;
  }

  static async start(command: string, args: (folder: string) => string[], file: string, configuration: (folder: string) => string, ready: string): Promise<Peer> {
    const folder = await mkdtemp(join(tmpdir(), 'latchkey-radius-'));
    await writeFile(join(folder, file), configuration(folder));
    const child = spawn(command, args(folder), { stdio: ['ignore', 'pipe', 'inherit'] });
    const lines: string[] = [];
    for await (const line of createInterface({ input: child.stdout })) {
      lines.push(line);
      if (line.includes(ready)) {
        child.stdout.resume();
        return new Peer(folder, child);
      }
    }
    throw new Error(`${command} ended: ${lines.join('\n')}`);
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode === null) {
      this.#child.kill();
      await once(this.#child, 'exit');
    }
    await rm(this.#folder, { recursive: true });
  }
}

requires('freeradius')('FreeRADIUS as the NAS', () => {
  let peer: Peer;
  let nas: { address: string; port: number; secret: string };

  beforeAll(async () => {
    const port = await freePort();
    nas = { address: '127.0.0.1', port, secret: sharedSecret };
    peer = await Peer.start('freeradius', (folder) => ['-f', '-l', 'stdout', '-d', folder], 'radiusd.conf', (folder) => `
      prefix = /usr
      localstatedir = ${folder}
      name = freeradius
      logdir = ${folder}
      run_dir = ${folder}
      libdir = /usr/lib/freeradius
      pidfile = ${folder}/freeradius.pid
      log {
        destination = stdout
      }
      client latchkey {
        ipaddr = 127.0.0.1
        secret = ${sharedSecret}
        require_message_authenticator = yes
      }
      modules {
        always ok {
          rcode = ok
        }
        always reject {
          rcode = reject
        }
      }
      server nas {
        listen {
          type = coa
          ipaddr = 127.0.0.1
          port = ${port}
        }
        recv-coa {
          if (&Calling-Station-Id == "02-00-00-00-00-0A" && &Event-Timestamp && (&Packet-Type == Disconnect-Request || &Tunnel-Private-Group-Id == "30")) {
            ok
          }
          else {
            update reply {
              &Error-Cause := Session-Context-Not-Found
            }
            reject
          }
        }
      }`, 'Ready to process requests');
  });
  afterAll(() => peer.stop());

  test('ends a session that it has', async () => {
    expect(await new DynamicAuthorization().disconnect(nas, session)).toBe('ack');
  });

  test('changes one', async () => {
    expect(await new DynamicAuthorization().changeOfAuthorization(nas, { ...session, vlan: 30 })).toBe('ack');
    expect(await new DynamicAuthorization().changeOfAuthorization(nas, { ...session, vlan: 31 })).toEqual({ nak: 503 });
  });

  test('says that it has none', async () => {
    expect(await new DynamicAuthorization().disconnect(nas, { ...session, mac: '02:00:00:00:00:0b' })).toEqual({ nak: 503 });
  });

  test('does not hear who has another secret', async () => {
    expect(await new DynamicAuthorization({ waitsMs: [100] }).disconnect({ ...nas, secret: 'another' }, session)).toBe('no-answer');
  });
});

requires('hostapd')('hostapd as the NAS', () => {
  let peer: Peer;
  let nas: { address: string; port: number; secret: string };

  beforeAll(async () => {
    const port = await freePort();
    nas = { address: '127.0.0.1', port, secret: sharedSecret };
    // Without a radio it has no stations; that it looks for one shows that it took the request.
    peer = await Peer.start('hostapd', (folder) => [join(folder, 'hostapd.conf')], 'hostapd.conf', () => `
interface=lo
driver=none
ieee8021x=1
nas_identifier=ap-7
own_ip_addr=127.0.0.1
auth_server_addr=127.0.0.1
auth_server_port=${port}
auth_server_shared_secret=${sharedSecret}
radius_das_port=${port}
radius_das_client=127.0.0.1 ${sharedSecret}
radius_das_require_event_timestamp=1
radius_das_require_message_authenticator=1
`, 'AP-ENABLED');
  });
  afterAll(() => peer.stop());

  test('has no such session', async () => {
    expect(await new DynamicAuthorization().disconnect(nas, session)).toEqual({ nak: 503 });
  });

  test('is another than is named', async () => {
    expect(await new DynamicAuthorization().disconnect(nas, { ...session, nasIdentifier: 'ap-8' })).toEqual({ nak: 403 });
  });

  test('does not hear who has another secret, or a clock that is far off', async () => {
    expect(await new DynamicAuthorization({ waitsMs: [100] }).disconnect({ ...nas, secret: 'another' }, session)).toBe('no-answer');
    expect(await new DynamicAuthorization({ waitsMs: [100], now: () => 1_000_000_000_000 }).disconnect(nas, session)).toBe('no-answer');
  });
});
