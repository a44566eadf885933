import { expect, test } from 'vitest';
import { GroupCommit } from './group-commit.ts';
import type { Station } from './radio.ts';
import type { AgentStore, MeteredUsage, MeterReading } from './store.ts';
import { UsageMeter } from './usage-meter.ts';

/** What is kept over the agent's restarts, and a machine that has been up for a while. */
class Bench {
  readonly usages = new Map<string, MeteredUsage>();
  readonly readings = new Map<string, MeterReading>();
  uptime = 10_000;
  commit!: GroupCommit;

  meter(): UsageMeter {
    const { usages, readings } = this;
    const store = {
      meters: {
        usages: () => new Map(usages),
        saveUsage: (id: string, usage: MeteredUsage) => usages.set(id, usage),
        meterReadings: () => [...readings.values()],
        saveMeterReading: (reading: MeterReading) => readings.set(`${reading.bss} ${reading.mac}`, reading),
        removeMeterReading: (bss: string, mac: string) => readings.delete(`${bss} ${mac}`),
      },
      transaction: (work: () => unknown) => work(),
    } as unknown as AgentStore;
    this.commit = new GroupCommit(store);
    return new UsageMeter({ store, commit: this.commit, uptime: () => this.uptime, log: () => {} });
  }
}

function station(bytesIn: number, seconds: number, parts: Partial<Station> = {}): Station {
  return {
    bss: 'wlan0', mac: '02:00:00:00:01:00', grantId: 'grt_1', bytesIn: BigInt(bytesIn), bytesOut: BigInt(bytesIn * 2), seconds,
    signalDbm: -50, rateInKbps: undefined, rateOutKbps: undefined, ...parts,
  };
}

test('what an association has used is counted as it grows', () => {
  const bench = new Bench();
  const meter = bench.meter();
  meter.read([station(100, 1)]);
  bench.uptime += 4;
  meter.read([station(150, 5)]);
  meter.read([station(150, 5)]);
  expect(meter.usage('grt_1')).toMatchObject({ bytesIn: 150n, bytesOut: 300n, seconds: 5 });
});

test('an agent that was started anew counts on from what it had read', async () => {
  const bench = new Bench();
  bench.meter().read([station(100, 1)]);
  await bench.commit.settled();
  bench.uptime += 60;
  const meter = bench.meter();
  expect(meter.usage('grt_1').bytesIn).toBe(100n);
  meter.read([station(180, 61)]);
  expect(meter.usage('grt_1')).toMatchObject({ bytesIn: 180n, bytesOut: 360n, seconds: 61 });
});

test('counters that went back are those of a new association', () => {
  const bench = new Bench();
  const meter = bench.meter();
  meter.read([station(100, 50)]);
  bench.uptime += 10;
  meter.read([station(30, 8)]);
  expect(meter.usage('grt_1')).toMatchObject({ bytesIn: 130n, seconds: 58 });
});

test('a new association is one also if it has used more than the one before', async () => {
  const bench = new Bench();
  bench.meter().read([station(100, 5)]);
  await bench.commit.settled();
  bench.uptime += 3600;
  const meter = bench.meter();
  meter.read([station(500, 3000)]);
  expect(meter.usage('grt_1')).toMatchObject({ bytesIn: 600n, seconds: 3005 });
});

test('on another BSS it is another association, and the one before may go on', () => {
  const bench = new Bench();
  const meter = bench.meter();
  meter.read([station(100, 5)]);
  bench.uptime += 5;
  meter.read([station(10, 2, { bss: 'wlan1' })]);
  meter.read([station(110, 10), station(10, 2, { bss: 'wlan1' })]);
  expect(meter.usage('grt_1').bytesIn).toBe(120n);
});

test('a station that is not told of for a while is not counted twice', () => {
  const bench = new Bench();
  const meter = bench.meter();
  meter.read([station(100, 5)]);
  bench.uptime += 5;
  meter.read([]);
  bench.uptime += 5;
  meter.read([station(140, 15)]);
  expect(meter.usage('grt_1').bytesIn).toBe(140n);
});

test('what is long gone is forgotten', async () => {
  const bench = new Bench();
  const meter = bench.meter();
  meter.read([station(100, 5)]);
  bench.uptime += 2 * 86_400;
  meter.read([]);
  await bench.commit.settled();
  expect(bench.readings.size).toBe(0);
  expect(bench.usages.get('grt_1')?.bytesIn).toBe(100n);
});

test('a machine that was started anew has no old associations', async () => {
  const bench = new Bench();
  bench.meter().read([station(100, 5)]);
  await bench.commit.settled();
  bench.uptime = 30;
  const meter = bench.meter();
  meter.read([station(200, 8)]);
  expect(meter.usage('grt_1').bytesIn).toBe(300n);
});

test('stations that no grant is known of are not counted, and a counter gone mad is cut to what can be kept', () => {
  const bench = new Bench();
  const meter = bench.meter();
  const much = 2n ** 64n - 1n;
  meter.read([station(1, 1, { grantId: undefined }), station(0, 1, { mac: '02:00:00:00:02:00', bytesIn: much, bytesOut: 0n })]);
  expect(meter.usage('grt_1').bytesIn).toBe(2n ** 53n - 1n);
  meter.read([station(5, 1, { mac: '02:00:00:00:03:00' })]);
  expect(meter.usage('grt_1').bytesIn).toBe(2n ** 53n - 1n);
});
