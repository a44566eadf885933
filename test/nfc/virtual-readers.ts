import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ResettableCard, holdToVirtualReader, virtualReaderPort } from '../../src/nfc/virtual-card.ts';

const root = process.getuid?.() === 0;
const ports = [virtualReaderPort, virtualReaderPort + 1] as const;
const readerConfig = `FRIENDLYNAME "Virtual PCD"
DEVICENAME /dev/null:0x${virtualReaderPort.toString(16)}
LIBPATH /usr/lib/pcsc/drivers/serial/libifdvpcd.so
CHANNELID 0x${virtualReaderPort.toString(16)}
`;

/** A card that is held to a reader until it is taken away. */
export interface HeldCard {
  /** Resolves when it is away. */
  remove(): Promise<void>;
}

/**
 * pcscd with two virtual readers (`00 00` and `00 01` in their names), in a network and a /run of its own. This process
 * speaks to it, and to no other: the library keeps the address that it is first given.
 */
export class VirtualReaders implements AsyncDisposable {
  readonly #folder: string;
  readonly #service: ChildProcess;
  readonly #relay: ChildProcess;
  readonly #held = new Set<HeldCard>();

  private constructor(folder: string, service: ChildProcess, relay: ChildProcess) {
    this.#folder = folder;
    this.#service = service;
    this.#relay = relay;
  }

  static async start(): Promise<VirtualReaders> {
    const folder = ownFolder();
    const config = join(folder, 'reader.conf');
    writeFileSync(config, readerConfig);
    // The reader sends each command in two writes, of which the second waits until the first is acknowledged.
    const setUp = `PATH=$PATH:/usr/sbin:/sbin; mount --bind ${folder} /run; ip link set lo up; ip route change local 127.0.0.1 dev lo table local quickack 1`;
    const unshare = [...(root ? [] : ['--map-root-user']), '--net', '--mount', 'sh', '-ec', `${setUp}; exec pcscd --foreground --config ${config}`];
    const service = spawn('unshare', unshare, { stdio: ['ignore', 'ignore', 'ignore'] });
    await once(service, 'spawn');
    const relayed = [process.execPath, join(import.meta.dirname, 'relay.ts'), folder, ...ports.map(String)];
    // It waits until the service has its network.
    const enter = ['--target', `${service.pid}`, ...(root ? [] : ['--user', '--preserve-credentials']), '--net', '--'];
    const relay = await inNetworkOf(service, enter, relayed);
    return new VirtualReaders(folder, service, relay);
  }

  /** Holds a card to the first or the second reader. */
  hold(card: ResettableCard, { reader = 0, uid }: { readonly reader?: 0 | 1; readonly uid?: Uint8Array } = {}): HeldCard {
    const away = new AbortController();
    const holding = holdToVirtualReader(card, { path: join(this.#folder, String(ports[reader])) }, { uid, signal: away.signal });
    const held = {
      remove: async () => {
        this.#held.delete(held);
        away.abort();
        await holding;
      },
    };
    this.#held.add(held);
    return held;
  }

  /** Ends the service. */
  async stop(): Promise<void> {
    await ended(this.#service);
  }

  /** Resolves when the service has seen that no card is there: it looks a few times a second. */
  async removeAll(): Promise<void> {
    await Promise.all([...this.#held].map((held) => held.remove()));
    const { Client, ReaderStatus } = await import('pcsc-mini');
    const client = new Client();
    const empty = new Set<string>();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    client.on('error', reject).on('reader', (reader) => {
      reader.on('change', (status) => {
        empty[status.has(ReaderStatus.EMPTY) ? 'add' : 'delete'](reader.name());
        if (empty.size === ports.length) resolve();
      });
    });
    client.start();
    await promise;
    client.stop();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#held].map((held) => held.remove()));
    await Promise.all([this.#relay, this.#service].map(ended));
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

let known: string | undefined;

function ownFolder(): string {
  known ??= mkdtempSync(join(tmpdir(), 'lk-pcsc-'));
  mkdirSync(known, { recursive: true });
  process.env['PCSCLITE_CSOCK_NAME'] = join(known, 'pcscd', 'pcscd.comm');
  return known;
}

async function inNetworkOf(service: ChildProcess, enter: readonly string[], command: readonly string[]): Promise<ChildProcess> {
  const relay = spawn('nsenter', [...enter, ...command], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [first] = (await Promise.race([once(relay.stdout, 'data'), once(relay, 'exit'), once(service, 'exit')])) as [Buffer | number | null];
  if (String(first).trim() !== 'ready') {
    await Promise.all([relay, service].map(ended));
    throw new Error(`There are no virtual readers (${String(first)}).`);
  }
  return relay;
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) {
    const gone = once(child, 'exit');
    child.kill();
    await gone;
  }
}
