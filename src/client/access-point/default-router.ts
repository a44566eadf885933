import { readFile } from 'node:fs/promises';

const up = 0x1;
const gateway = 0x2;

/**
 * The IPv4 default router that the kernel knows, that of the lowest metric; undefined where there is none, or no
 * Linux. `table`: the text of /proc/net/route (proc_pid_net(5)), little-endian hexadecimal.
 */
export async function defaultRouter(table?: string): Promise<string | undefined> {
  const text = table ?? (await readRoutes());
  const routes = text
    .split('\n')
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .flatMap(([, destination, router, flags, , , metric, mask]) => {
      const isDefault = destination === '00000000' && mask === '00000000';
      const bits = Number.parseInt(flags ?? '', 16);
      return isDefault && router !== undefined && /^[0-9A-F]{8}$/i.test(router) && (bits & (up | gateway)) === (up | gateway)
        ? [{ router, metric: Number(metric) }]
        : [];
    })
    .sort((a, b) => a.metric - b.metric);
  const [best] = routes;
  return best === undefined ? undefined : [...Buffer.from(best.router, 'hex')].reverse().join('.');
}

async function readRoutes(): Promise<string> {
  try {
    return await readFile('/proc/net/route', 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') {
      return '';
    }
    throw error;
  }
}
