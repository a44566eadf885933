import { expect, test } from 'vitest';
import { SaeStations, type SaeGrant } from './sae-stations.ts';

const mac = '02:00:00:00:01:00';

function grant(grantId: string): SaeGrant {
  return { grantId, startsAt: new Date(0), password: 'kxv4-9dtr-c2mw', mac: undefined, vlan: undefined };
}

test('a grant that was paused comes back to the station that was found on it, which is denied meanwhile', () => {
  const stations = new SaeStations(() => {});
  stations.take([grant('grt_1')], []);
  expect(stations.attribute(mac)).toBe('grt_1');
  stations.take([grant('grt_2')], []);
  expect([[...stations.leaving], stations.ownerOf(mac), stations.attribute(mac)]).toEqual([[mac], undefined, undefined]);
  stations.take([grant('grt_1'), grant('grt_2')], []);
  expect([[...stations.leaving], stations.ownerOf(mac), stations.attribute(mac)]).toEqual([[], 'grt_1', 'grt_1']);
});

test('once hostapd has nothing of a grant that is over, its station is anybody’s', () => {
  const stations = new SaeStations(() => {});
  stations.take([grant('grt_1')], []);
  stations.attribute(mac);
  stations.take([], []);
  stations.forgetFormer();
  stations.take([grant('grt_2')], []);
  expect([[...stations.leaving], stations.attribute(mac)]).toEqual([[], 'grt_2']);
});
