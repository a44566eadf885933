/** An RFC 3339 time for people: local, with its zone. */
export function localTime(time: string): string {
  const date = new Date(time);
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${clock(date)} ${zone(date)}`;
}

/** A sentence with RFC 3339 times for people: those in UTC as `localTime` gives them, but what somebody is quoted with. */
export function withLocalTimes(text: string): string {
  return text.replace(/(?<!["“\w-])\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z(?![\w-])/g, (time) => (Number.isNaN(Date.parse(time)) ? time : localTime(time)));
}

/** The local time of day. */
export function clock(date: Date): string {
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

function two(value: number): string {
  return String(value).padStart(2, '0');
}

function zone(date: Date): string {
  const minutes = -date.getTimezoneOffset();
  if (minutes === 0) {
    return 'UTC';
  }
  const size = Math.abs(minutes);
  return `${minutes < 0 ? '-' : '+'}${two(Math.floor(size / 60))}:${two(size % 60)}`;
}

/** How long ago, in one unit. */
export function age(time: string, now: Date): string {
  return span(Math.max(0, now.getTime() - new Date(time).getTime()));
}

/** Milliseconds in one unit: `12 s`, `4 min`, `3 h`, `5 d`. */
export function span(ms: number): string {
  const seconds = Math.round(ms / 1000);
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.round(seconds / 3600)} h`;
  return `${Math.round(seconds / 86_400)} d`;
}

/** Milliseconds to the second, in as many units as it takes: `1 h 30 min`, `45 s`. */
export function duration(ms: number): string {
  let rest = Math.floor(ms / 1000);
  const parts = ([['d', 86_400], ['h', 3600], ['min', 60], ['s', 1]] as const).flatMap(([unit, seconds]) => {
    const count = Math.floor(rest / seconds);
    rest -= count * seconds;
    return count === 0 ? [] : [`${count} ${unit}`];
  });
  return parts.length === 0 ? '0 s' : parts.join(' ');
}
