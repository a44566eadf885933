import { expect, test } from 'vitest';
import { parseStations } from './stations.ts';

const lines = `02:00:00:00:01:00
flags=[AUTH][ASSOC][AUTHORIZED][SHORT_PREAMBLE][WMM]
aid=1
capability=0x431
rx_packets=12
rx_bytes=18446744073709551615
tx_bytes=4321
inactive_msec=40
signal=-30
rx_rate_info=60
tx_rate_info=540 vhtmcs 8 vhtnss 1
connected_time=7
keyid=grt_a-b_1
02:00:00:00:02:00
flags=[AUTH][ASSOC]
rx_bytes=5
keyid=grt_half
02:00:00:00:03:00
flags=[AUTH][ASSOC][AUTHORIZED]
AKMSuiteSelector=00-0f-ac-8`.split('\n');

test('those that have joined, with the counters that hostapd has for them', () => {
  expect(parseStations('wlan0', lines)).toEqual([
    {
      bss: 'wlan0', mac: '02:00:00:00:01:00', grantId: 'grt_a-b_1', isSae: false, bytesIn: 18446744073709551615n, bytesOut: 4321n, seconds: 7,
      signalDbm: -30, rateInKbps: 6000, rateOutKbps: 54_000,
    },
    {
      bss: 'wlan0', mac: '02:00:00:00:03:00', grantId: undefined, isSae: true, bytesIn: 0n, bytesOut: 0n, seconds: 0,
      signalDbm: undefined, rateInKbps: undefined, rateOutKbps: undefined,
    },
  ]);
});

test('nobody, and what is no station', () => {
  expect(parseStations('wlan0', [])).toEqual([]);
  expect(parseStations('wlan0', ['FAIL', '=', 'x=y'])).toEqual([]);
});
