import { existsSync, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { checker } from '../../api/check.ts';
import { count, digits, instant, object, remark } from '../../api/schema.ts';
import { instantFromWire, instantToWire, present } from '../../api/wire.ts';
import type { InterfaceMeter } from '../../domain/interface-meter.ts';
import type { KeptUse } from '../../roles/guest/using.ts';
import { LineFile } from '../line-file.ts';
import { ensureFolder, paths } from '../paths.ts';

const meterSchema = object('KeptMeter', { interface: remark, received: digits, sent: digits, at: instant, bytes_in: digits, bytes_out: digits, seconds: count });
const check = checker(object('KeptUse', {}, { meter: meterSchema, last_event: count }));

/** What this terminal has counted of one access, so that it goes on after a restart. */
export class UseFile {
  readonly #path: string;

  constructor(requestId: string, folder = join(paths().state, 'share')) {
    this.#path = join(folder, `${requestId}.meter.json`);
  }

  /** One that is damaged counts from nothing: the later of each count counts. */
  async get(): Promise<KeptUse> {
    const { meter, last_event: lastEvent } = this.#read() ?? {};
    return { meter: meter && meterFrom(meter), lastEvent };
  }

  async set({ meter, lastEvent }: KeptUse): Promise<void> {
    ensureFolder(dirname(this.#path));
    LineFile.replace(this.#path, 'what was counted', `${JSON.stringify(present({ meter: meter && meterTo(meter), last_event: lastEvent }))}\n`);
  }

  remove(): Promise<void> {
    return rm(this.#path, { force: true });
  }

  #read() {
    if (!existsSync(this.#path)) {
      return undefined;
    }
    try {
      const checked = check(JSON.parse(readFileSync(this.#path, 'utf8')));
      return checked.ok ? checked.value : undefined;
    } catch {
      return undefined;
    }
  }
}

function meterTo({ interface: name, counters, at, bytesIn, bytesOut, seconds }: InterfaceMeter) {
  return { interface: name, received: `${counters.received}`, sent: `${counters.sent}`, at: instantToWire(at), bytes_in: `${bytesIn}`, bytes_out: `${bytesOut}`, seconds };
}

function meterFrom(meter: ReturnType<typeof meterTo>): InterfaceMeter {
  return {
    interface: meter.interface,
    counters: { received: BigInt(meter.received), sent: BigInt(meter.sent) },
    at: instantFromWire(meter.at),
    bytesIn: BigInt(meter.bytes_in),
    bytesOut: BigInt(meter.bytes_out),
    seconds: meter.seconds,
  };
}
