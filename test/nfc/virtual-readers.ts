import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PcscMonitor } from '../../src/nfc/pcsc-monitor.ts';
import { loadPcsc } from '../../src/nfc/pcsc.ts';
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
    const unshare = [...(root ? [] : ['--map-root-user']), '--net', '--mount', 'sh', '-ec', `${setUp}; echo ready; exec pcscd --foreground --config ${config} > /dev/null`];
    const service = spawn('unshare', unshare, { stdio: ['ignore', 'pipe', 'ignore'] });
    const enter = ['--target', `${service.pid}`, ...(root ? [] : ['--user', '--preserve-credentials']), '--net', '--'];
    const relayed = [process.execPath, join(import.meta.dirname, 'relay.ts'), folder, ...ports.map(String)];
    let relay: ChildProcess | undefined;
    try {
      await ready(service);
      relay = spawn('nsenter', [...enter, ...relayed], { stdio: ['ignore', 'pipe', 'inherit'] });
      await ready(relay);
      return new VirtualReaders(folder, service, relay);
    } catch (error) {
      await Promise.all([service, ...(relay === undefined ? [] : [relay])].map(ended));
      throw error;
    }
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

  /** Where another program holds a card to the first reader. */
  get address(): string {
    return join(this.#folder, String(ports[0]));
  }

  /** By which another program speaks to this service. */
  get env(): Record<string, string> {
    return { PCSCLITE_CSOCK_NAME: process.env['PCSCLITE_CSOCK_NAME']! };
  }

  /** Ends the service. */
  async stop(): Promise<void> {
    await ended(this.#service);
  }

  /** Resolves when the service has seen that no card is there: it looks a few times a second. */
  async removeAll(): Promise<void> {
    await Promise.all([...this.#held].map((held) => held.remove()));
    const pcsc = await loadPcsc();
    const empty = new Set<unknown>();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    using _ = PcscMonitor.running(pcsc).listen({
      added() {},
      lost: () => reject(new Error('A virtual reader is lost.')),
      failed: reject,
      seen(reader, status) {
        empty[status.has(pcsc.ReaderStatus.EMPTY) ? 'add' : 'delete'](reader);
        if (empty.size === ports.length) resolve();
      },
    });
    await promise;
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

async function ready(child: ChildProcess): Promise<void> {
  const [first] = (await Promise.race([once(child.stdout!, 'data'), once(child, 'exit')])) as [Buffer | number | null];
  if (String(first).trim() !== 'ready') {
    throw new Error(`${child.spawnargs.join(' ')} ended with ${String(first)}`);
  }
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) {
    const gone = once(child, 'exit');
    child.kill();
    await gone;
  }
}
