import { createServer, connect, type Server, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';

/** What happens to a connection: it is let through, or it is cut once something has come that way. */
type Fate = 'pass' | 'cut-request' | 'cut-reply';

/** Stands before a server that comes and goes; while it is on, it cuts as many requests as replies, and lets some through. */
export class CuttingProxy {
  readonly cut = { requests: 0, replies: 0 };
  on = true;
  /** Where the server is now. */
  port: number | undefined;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #connections = 0;

  private constructor(server: Server) {
    this.#server = server;
    server.on('connection', (client) => this.#serve(client));
  }

  static async open(): Promise<CuttingProxy> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new CuttingProxy(server);
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Cuts whatever is open. */
  cutAll(): void {
    this.#sockets.forEach((socket) => socket.destroy());
  }

  async close(): Promise<void> {
    this.cutAll();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #serve(client: Socket): void {
    const fates: readonly Fate[] = this.on ? ['pass', 'cut-reply', 'pass', 'pass', 'cut-request', 'pass', 'pass'] : ['pass'];
    const fate = fates[(this.#connections += 1) % fates.length]!;
    if (this.port === undefined) {
      client.destroy();
      return;
    }
    const server = connect(this.port, '127.0.0.1');
    for (const socket of [client, server]) {
      this.#sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => {
        this.#sockets.delete(socket);
        client.destroy();
        server.destroy();
      });
    }
    client.on('data', (data) => {
      // What asks changes nothing; what would be charged is worth cutting.
      if (fate === 'cut-request' && data.includes('POST /')) {
        this.cut.requests += 1;
        client.destroy();
      } else {
        server.write(data);
        posting ||= data.includes('POST /');
      }
    });
    let posting = false;
    server.on('data', (data) => {
      if (fate === 'cut-reply' && posting) {
        this.cut.replies += 1;
        client.destroy();
      } else {
        client.write(data);
      }
    });
  }
}
