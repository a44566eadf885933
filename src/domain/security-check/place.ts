/** Where something is, as far as it is known. */
export interface Place {
  /** Degrees (WGS 84), from −90 to 90. */
  readonly lat: number | undefined;
  /** Degrees, from −180 to 180. */
  readonly lon: number | undefined;
  /** A cell of a mobile network, as the application and its services write it. */
  readonly cell: string | undefined;
  /** The access point, as a MAC address in lower case with colons. */
  readonly bssid: string | undefined;
}

/** Degrees: latitude, longitude. */
export type Point = readonly [lat: number, lon: number];

export type Area =
  | { readonly shape: 'circle'; readonly centre: Point; readonly radiusM: number }
  /** Without the first point again at the end; what is on its border may be inside or outside. */
  | { readonly shape: 'polygon'; readonly points: readonly Point[] }
  | { readonly shape: 'cells'; readonly cells: readonly string[] }
  | { readonly shape: 'bssids'; readonly bssids: readonly string[] };

/** The mean radius of the earth (IUGG), in kilometres. */
const earthKm = 6371.0088;
const radians = Math.PI / 180;

/** The shortest way over the earth's surface in kilometres: great circle on a sphere (haversine), within 0.6 %. */
export function distanceKm([lat1, lon1]: Point, [lat2, lon2]: Point): number {
  const north = Math.sin(((lat2 - lat1) * radians) / 2) ** 2;
  const east = Math.sin(((lon2 - lon1) * radians) / 2) ** 2;
  const haversine = north + Math.cos(lat1 * radians) * Math.cos(lat2 * radians) * east;
  // Rounding may bring it above 1 for places on opposite sides.
  return 2 * earthKm * Math.asin(Math.sqrt(Math.min(1, haversine)));
}

/** Where a place is, if that is known. */
export function pointOf(place: Place | undefined): Point | undefined {
  return place?.lat === undefined || place.lon === undefined ? undefined : [place.lat, place.lon];
}

/** A test for an area, made once: whether a place is in it; undefined if the place does not say what that takes. */
export function areaTest(area: Area): (place: Place) => boolean | undefined {
  switch (area.shape) {
    case 'circle': {
      const radiusKm = area.radiusM / 1000;
      return (place) => {
        const point = pointOf(place);
        return point && distanceKm(point, area.centre) <= radiusKm;
      };
    }
    case 'polygon':
      return polygonTest(area.points);
    case 'cells': {
      const cells = new Set(area.cells);
      return ({ cell }) => (cell === undefined ? undefined : cells.has(cell));
    }
    case 'bssids': {
      const bssids = new Set(area.bssids);
      return ({ bssid }) => (bssid === undefined ? undefined : bssids.has(bssid));
    }
  }
}

/** What is wrong with an area, if anything is. */
export function areaProblem(area: Area): string | undefined {
  if (area.shape !== 'polygon') {
    return undefined;
  }
  if (area.points.some(([lat]) => !(Math.abs(lat) <= 90))) {
    return 'has a latitude that is not from -90 to 90: points are latitude, longitude';
  }
  const round = area.points.reduce((sum, [, lon], at) => sum + eastward(lon, area.points[(at + 1) % area.points.length]![1]), 0);
  return Math.abs(round) > 1 ? 'goes all round the earth, and so round a pole: take a circle for that' : undefined;
}

/**
 * By how often a line from the point to the north pole crosses the border (even–odd), which goes the short way round
 * the earth between points: so a polygon may lie across the 180th meridian. Its edges are straight in latitude and
 * longitude.
 */
function polygonTest(points: readonly Point[]): (place: Place) => boolean | undefined {
  const edges = points.map((from, index) => {
    const to = points[(index + 1) % points.length]!;
    return { from, rise: to[0] - from[0], run: eastward(from[1], to[1]) };
  });
  return (place) => {
    const point = pointOf(place);
    if (point === undefined) {
      return undefined;
    }
    let inside = false;
    for (const { from, rise, run } of edges) {
      const start = eastward(point[1], from[1]);
      const end = start + run;
      // Half-open, so that a corner counts once.
      if (start <= 0 !== end <= 0 && point[0] < from[0] + (rise * -start) / run) inside = !inside;
    }
    return inside;
  };
}

/** Degrees from one meridian to another, the short way: from −180 to 180. */
function eastward(from: number, to: number): number {
  const degrees = to - from;
  return degrees > 180 ? degrees - 360 : degrees < -180 ? degrees + 360 : degrees;
}
