import { thousands } from './thousands.ts';

/** Shares of plots: scales whose marks people can read. */

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;
const timeSteps = [1000, 5000, 15_000, minute, 5 * minute, 15 * minute, hour, 3 * hour, 6 * hour, 12 * hour, day, 2 * day, 7 * day, 14 * day, 30 * day, 90 * day, 365 * day];

export interface Mark<T> {
  readonly value: T;
  readonly label: string;
}

/** Whole numbers from 0 to at least `most`, at most five steps. */
export function countMarks(most: number): readonly Mark<number>[] {
  const rough = Math.max(most, 1) / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = Math.max(1, [1, 2, 5, 10].map((each) => each * power).find((each) => each >= rough)!);
  return Array.from({ length: Math.ceil(Math.max(most, 1) / step) + 1 }, (_, index) => {
    const value = index * step;
    return { value, label: thousands(value) };
  });
}

/** Moments (ms since 1970, UTC) from `first` to `last`, at most seven; the day is named where it is news. */
export function timeMarks(first: number, last: number): readonly Mark<number>[] {
  const step = timeSteps.find((each) => (last - first) / each <= 6) ?? Math.ceil((last - first) / 6 / day) * day;
  const marks: Mark<number>[] = [];
  let named = '';
  for (let value = Math.ceil(first / step) * step; value <= last; value += step) {
    const text = new Date(value).toISOString();
    const [date, time] = [text.slice(0, 10), text.slice(11, step < minute ? 19 : 16)];
    marks.push({ value, label: step >= day ? date : date === named ? time : `${date} ${time}` });
    named = date;
  }
  return marks;
}
