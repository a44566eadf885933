import type { Listed } from './application.ts';
import type { Check, Recorder } from './record.ts';
import type { Service } from './service.ts';

/** One member of the service that must be in a list, or must not be. */
export function listCheck(listed: Listed, record: Recorder, member: string, pick: (service: Service) => string | undefined): Check {
  const isListed = listTest(listed);
  const limit = listedText(listed);
  return (service) => {
    const value = pick(service);
    return value === undefined ? record.missing(member) : record.compared(isListed(value), value, limit);
  };
}

/** What looks the same is the same: letters and their accents may be written in one or in two (UAX 15, NFC). */
export function listTest({ allow, deny }: Listed): (value: string) => boolean {
  const allowed = allow && new Set(allow.map(composed));
  const denied = new Set(deny?.map(composed));
  return (value) => {
    const sought = composed(value);
    return (allowed?.has(sought) ?? true) && !denied.has(sought);
  };
}

function composed(text: string): string {
  return text.normalize('NFC');
}

const mostNamed = 8;

export function listedText({ allow, deny }: Listed): string {
  return [allow && (allow.length === 1 ? allow[0] : `one of ${named(allow)}`), deny && `none of ${named(deny)}`].filter((part) => part !== undefined).join(', ');
}

function named(list: readonly string[]): string {
  return list.length > mostNamed ? `${list.slice(0, mostNamed).join(', ')} and ${list.length - mostNamed} more` : list.join(', ');
}
