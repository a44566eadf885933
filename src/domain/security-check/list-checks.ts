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

export function listTest({ allow, deny }: Listed): (value: string) => boolean {
  const allowed = allow && new Set(allow);
  const denied = new Set(deny);
  return (value) => (allowed?.has(value) ?? true) && !denied.has(value);
}

const mostNamed = 8;

export function listedText({ allow, deny }: Listed): string {
  return [allow && (allow.length === 1 ? allow[0] : `one of ${named(allow)}`), deny && `none of ${named(deny)}`].filter((part) => part !== undefined).join(', ');
}

function named(list: readonly string[]): string {
  return list.length > mostNamed ? `${list.slice(0, mostNamed).join(', ')} and ${list.length - mostNamed} more` : list.join(', ');
}
