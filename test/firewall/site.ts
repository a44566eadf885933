import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import { promisify } from 'node:util';

const execute = promisify(execFile);
const root = process.getuid?.() === 0;

/** Machines beside the access point; each is a network namespace with one wire to it. */
export const machines = {
  /** On the onboarding network. */
  device: { wire: 'wlan0_onb', address: '10.9.0.2/24', router: '10.9.0.1', mac: '02:00:00:00:09:02' },
  /** On the main network, which is bridged. */
  station: { wire: 'wlan0', address: '10.8.0.2/24', router: '10.8.0.1', mac: '02:00:00:00:08:02' },
  /** On the wire behind the bridge. */
  neighbour: { wire: 'eth0', address: '10.8.0.3/24', router: '10.8.0.1', mac: '02:00:00:00:08:03' },
  /** Behind the access point's router. */
  internet: { wire: 'eth1', address: '10.7.0.2/24', router: '10.7.0.1', mac: '02:00:00:00:07:02' },
} as const;
type Machine = keyof typeof machines;

const setUp = `
mount -t tmpfs tmpfs /run
ip link set lo up
echo 1 > /proc/sys/net/ipv4/ip_forward
ip link add br0 type bridge
${Object.entries(machines)
  .map(
    ([name, { wire, address, router, mac }]) => `
ip netns add ${name}
ip link add ${wire} type veth peer name eth0 netns ${name} address ${mac}
ip link set ${wire} up
ip -n ${name} link set lo up
ip -n ${name} link set eth0 up
ip -n ${name} address add ${address} dev eth0
ip -n ${name} route add default via ${router}`,
  )
  .join('\n')}
ip link set wlan0 master br0
ip link set eth0 master br0
ip link set br0 up
ip address add 10.9.0.1/24 dev wlan0_onb
ip address add fd00:9::1/64 dev wlan0_onb nodad
ip -n device address add fd00:9::2/64 dev eth0 nodad
ip address add 10.8.0.1/24 dev br0
ip address add 10.7.0.1/24 dev eth1
`;

/** An access point with machines around it, in namespaces of its own. */
export class Site implements AsyncDisposable {
  readonly #holder: ChildProcess;
  readonly #children: ChildProcess[] = [];
  readonly #callers = new Map<Machine, { readonly child: ChildProcess; readonly lines: Interface }>();

  private constructor(holder: ChildProcess) {
    this.#holder = holder;
  }

  static async make(): Promise<Site> {
    const unshare = [...(root ? [] : ['--map-root-user']), '--net', '--mount'];
    const holder = spawn('unshare', [...unshare, 'sh', '-ec', `${setUp}\necho ready; exec cat`], { stdio: ['pipe', 'pipe', 'inherit'] });
    await ready(holder);
    return new Site(holder);
  }

  /** Runs a command on the access point; `input` is its standard input. Resolves with what it prints. */
  async run(words: readonly string[], input = ''): Promise<string> {
    const running = execute('nsenter', [...this.#enter(), ...words]);
    running.child.stdin!.on('error', () => {}).end(input);
    return (await running).stdout;
  }

  /** Whether what crosses the bridge is filtered as if it were routed, where the kernel can do that. */
  async filterBridged(on: boolean): Promise<void> {
    const setting = '/proc/sys/net/bridge/bridge-nf-call-iptables';
    await this.run(['sh', '-c', `[ ! -e ${setting} ] || echo ${on ? 1 : 0} > ${setting}`]);
  }

  /** Starts an echo on a machine, or on the access point. */
  async echo(ports: readonly string[], machine?: Machine): Promise<void> {
    await ready(this.#start(['echo.ts', ...ports], machine));
  }

  /** Calls targets from a machine, as caller.ts does; which of them have answered. */
  async call(machine: Machine, first: readonly string[], then: readonly string[]): Promise<string[]> {
    let caller = this.#callers.get(machine);
    if (caller === undefined) {
      const child = this.#start(['caller.ts'], machine);
      caller = { child, lines: createInterface({ input: child.stdout! }) };
      this.#callers.set(machine, caller);
    }
    const line = once(caller.lines, 'line') as Promise<[string]>;
    caller.child.stdin!.write(`${JSON.stringify({ first, then })}\n`);
    return (JSON.parse((await line)[0]) as string[]).sort();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#children, this.#holder].map(ended));
  }

  #start([program, ...args]: readonly [string, ...string[]], machine?: Machine): ChildProcess {
    const inside = machine === undefined ? [] : ['ip', 'netns', 'exec', machine];
    const words = [...this.#enter(), ...inside, process.execPath, join(import.meta.dirname, program), ...args];
    const child = spawn('nsenter', words, { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#children.push(child);
    return child;
  }

  #enter(): string[] {
    return ['--target', `${this.#holder.pid}`, ...(root ? [] : ['--user', '--preserve-credentials']), '--net', '--mount', '--'];
  }
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
