import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { areaProblem, areaTest, distanceKm, type Point } from './place.ts';

const at = ([lat, lon]: Point) => ({ lat, lon, cell: undefined, bssid: undefined });
const point = fc.tuple(fc.double({ min: -90, max: 90, noNaN: true }), fc.double({ min: -180, max: 180, noNaN: true }));

describe('the way between two points', () => {
  test.each<readonly [string, Point, Point, number]>([
    ['Berlin and Munich', [52.52, 13.405], [48.1374, 11.5755], 504],
    ['London and New York', [51.5074, -0.1278], [40.7128, -74.006], 5570],
    ['both sides of the 180th meridian', [0, 179.5], [0, -179.5], 111],
    ['the poles', [90, 0], [-90, 55], 20_015],
    ['opposite sides', [10, 20], [-10, -160], 20_015],
  ])('is right between %s', (_, from, to, km) => {
    expect(Math.round(distanceKm(from, to))).toBe(km);
  });

  test('is the same both ways, never negative, and at most half round the earth', () => {
    fc.assert(
      fc.property(point, point, (from, to) => {
        expect(distanceKm(from, to)).toBeCloseTo(distanceKm(to, from), 6);
        expect(distanceKm(from, to)).toBeGreaterThanOrEqual(0);
        expect(distanceKm(from, to)).toBeLessThan(20_016);
        expect(distanceKm(from, from)).toBe(0);
      }),
    );
  });
});

describe('a polygon', () => {
  const fiji = areaTest({ shape: 'polygon', points: [[-20, 176], [-20, -178], [-15, -178], [-15, 176]] });
  const star = areaTest({ shape: 'polygon', points: [[0, 0], [10, 5], [0, 10], [4, 5]] });

  test('may lie across the 180th meridian', () => {
    expect([[-17, 179], [-17, -179], [-17, 180], [-17, -180]].map((each) => fiji(at(each as unknown as Point)))).toEqual([true, true, true, true]);
    expect([[-17, 175], [-17, -177], [-17, 0], [-21, 179], [-14, 179]].map((each) => fiji(at(each as unknown as Point)))).toEqual([false, false, false, false, false]);
  });

  test('may be hollow', () => {
    expect(star(at([5, 5]))).toBe(true);
    expect(star(at([2, 5]))).toBe(false);
    expect(star(at([2, 1.5]))).toBe(true);
  });

  test('is told by no place without a position', () => {
    expect(star({ lat: 5, lon: undefined, cell: 'x', bssid: undefined })).toBeUndefined();
  });

  test('that is a rectangle holds what is between its sides, wherever it lies', () => {
    const side = fc.integer({ min: 1, max: 50 });
    const share = fc.constantFrom(-0.5, -0.01, 0.01, 0.4, 0.99, 1.01, 1.5);
    fc.assert(
      fc.property(fc.integer({ min: -60, max: 14 }), fc.integer({ min: -180, max: 179 }), side, side, share, share, (south, west, high, wide, up, right) => {
        const turned = (lon: number) => ((((lon + 180) % 360) + 360) % 360) - 180;
        const east = turned(west + wide);
        const inside = areaTest({ shape: 'polygon', points: [[south, west], [south, east], [south + high, east], [south + high, west]] });
        expect(inside(at([south + up * high, turned(west + right * wide)]))).toBe(up > 0 && up < 1 && right > 0 && right < 1);
      }),
      { numRuns: 1000 },
    );
  });

  test('has latitudes first, and does not go round a pole', () => {
    expect(areaProblem({ shape: 'polygon', points: [[13, 52], [100, 52], [13, 53]] })).toContain('latitude');
    expect(areaProblem({ shape: 'polygon', points: [[80, 0], [80, 120], [80, -120]] })).toContain('pole');
    expect(areaProblem({ shape: 'polygon', points: [[-20, 176], [-20, -178], [-15, -178]] })).toBeUndefined();
  });
});
