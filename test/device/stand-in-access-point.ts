import { createHmac, hkdfSync, randomBytes } from 'node:crypto';
import { SSL_OP_NO_TICKET } from 'node:constants';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';

/** What the device asked, in the order in which it did. */
export interface Asked {
  readonly secure: boolean;
  readonly method: string;
  readonly path: string;
  readonly body: Record<string, unknown>;
}

type Answer = Record<string, unknown>;
/** Answers in the place of the stand-in and returns true, or returns false. */
type Interposed = (asked: Asked, response: ServerResponse) => boolean;

export interface StandInOptions {
  /** The second pass_tmp. */
  readonly passTmp: string;
  readonly ciphers?: string;
  /** What the polls are answered with, one after the other, the last one again and again; request_id is added. */
  readonly answers?: readonly Answer[];
  /** Replaces members of hello's reply. */
  readonly hello?: Answer;
  readonly interpose?: Interposed;
}

/**
 * The access point's end of protocol.md section 1, for one device, by Node's own cryptography and none of the
 * project's code: hello over plain HTTP, the rest over TLS 1.2 with a pre-shared key.
 */
export class StandInAccessPoint {
  readonly asked: Asked[] = [];
  readonly handshakes: { readonly identity: string; readonly cipher: string; readonly protocol: string }[] = [];
  readonly apId = 'ap_stand-in';
  readonly requestId = 'req_stand-in';
  psk: Buffer = Buffer.alloc(0);
  deviceProof: Buffer = Buffer.alloc(0);
  #helloId = '';
  #polls = 0;
  readonly #options: StandInOptions;
  readonly #hello: Server;
  readonly #secure: Server;

  private constructor(options: StandInOptions) {
    this.#options = options;
    this.#hello = createServer((request, response) => void this.#serve(request, response));
    this.#secure = createSecureServer(
      {
        pskCallback: (_socket: TLSSocket, identity: string) => {
          this.#identity = identity;
          return identity === this.#helloId ? this.psk : null;
        },
        ciphers: options.ciphers ?? 'ECDHE-PSK-CHACHA20-POLY1305',
        maxVersion: 'TLSv1.2',
        secureOptions: SSL_OP_NO_TICKET,
      },
      (request, response) => void this.#serve(request, response),
    );
    this.#secure.on('secureConnection', (socket: TLSSocket) => {
      this.handshakes.push({ identity: this.#identity, cipher: socket.getCipher().name, protocol: socket.getProtocol()! });
    });
  }
  #identity = '';

  static async start(options: StandInOptions): Promise<StandInAccessPoint> {
    const accessPoint = new StandInAccessPoint(options);
    for (const server of [accessPoint.#hello, accessPoint.#secure]) {
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
    }
    return accessPoint;
  }

  get port(): number {
    return (this.#hello.address() as AddressInfo).port;
  }

  get securePort(): number {
    return (this.#secure.address() as AddressInfo).port;
  }

  /** Four digits from psk and request id. */
  get matchCode(): string {
    const mac = createHmac('sha256', this.psk).update(`latchkey/1 match\0${this.requestId}`).digest();
    return String(mac.readUInt32BE(0) % 10_000).padStart(4, '0');
  }

  paths(): string[] {
    return this.asked.map((asked) => `${asked.method} ${asked.path}`);
  }

  /** Breaks every TLS connection and takes no new one until `comeBack`. */
  async goAway(): Promise<() => Promise<void>> {
    const port = this.securePort;
    const closed = once(this.#secure, 'close');
    this.#secure.close();
    this.#secure.closeAllConnections();
    await closed;
    return async () => {
      this.#secure.listen(port, '127.0.0.1');
      await once(this.#secure, 'listening');
    };
  }

  async stop(): Promise<void> {
    for (const server of [this.#hello, this.#secure]) {
      if (!server.listening) continue;
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    }
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let text = '';
    for await (const part of request.setEncoding('utf8')) text += part;
    const asked: Asked = {
      secure: 'encrypted' in request.socket,
      method: request.method!,
      path: request.url!,
      body: text === '' ? {} : (JSON.parse(text) as Answer),
    };
    this.asked.push(asked);
    if (this.#options.interpose?.(asked, response)) return;
    const [status, answer] = this.#answer(asked);
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(answer === undefined ? undefined : JSON.stringify(answer));
  }

  #answer({ secure, method, path, body }: Asked): [number, Answer?] {
    if (!secure && method === 'POST' && path === '/v1/hello') return [200, this.#greet(body)];
    if (secure && method === 'POST' && path === '/v1/access-requests') {
      return [201, { request_id: this.requestId, status: 'pending' }];
    }
    if (secure && method === 'GET' && path.startsWith(`/v1/access-requests/${this.requestId}?wait=`)) {
      const answers = this.#options.answers ?? [];
      return [200, { request_id: this.requestId, ...answers[Math.min(this.#polls++, answers.length - 1)] }];
    }
    if (secure && method === 'POST' && path.startsWith(`/v1/access-requests/${this.requestId}/`)) return [204];
    return [404, { code: 'route_not_found' }];
  }

  #greet(body: Answer): Answer {
    const apNonce = randomBytes(32);
    const salt = Buffer.concat([
      Buffer.from(String(body['uuid']).replaceAll('-', ''), 'hex'),
      Buffer.from(String(body['device_nonce']), 'base64url'),
      apNonce,
    ]);
    const derive = (label: string) =>
      Buffer.from(hkdfSync('sha256', this.#options.passTmp, salt, `${label}\0${this.apId}`, 32));
    this.psk = derive('latchkey/1 device-psk');
    this.deviceProof = derive('latchkey/1 device-proof');
    this.#helloId = `hel_${randomBytes(16).toString('base64url')}`;
    return {
      hello_id: this.#helloId,
      ap_id: this.apId,
      ap_name: 'Living room',
      ap_nonce: apNonce.toString('base64url'),
      secure_port: this.securePort,
      expires_in: 60,
      ...this.#options.hello,
    };
  }
}

/** Bytes of our own in the place of a reply, then the end of the connection. */
export function cutIn(response: ServerResponse, bytes: string | Buffer): true {
  (response.socket as Socket).end(bytes);
  return true;
}
