import { shown, shownJson } from '../domain/shown-text.ts';
import type { Log } from '../roles/agent/log.ts';

const levels = ['debug', 'info', 'warn', 'error'] as const;

/**
 * Where the agent says what happens: JSON lines on stderr, or at a terminal short lines, as the events that matter
 * to people are printed anyway. LATCHKEY_LOG names the lowest level.
 */
export function agentLog({ quiet, json }: { readonly quiet: boolean; readonly json: boolean }): Log {
  const people = process.stderr.isTTY === true && !json;
  const wanted = process.env['LATCHKEY_LOG'];
  const lowest = levels.find((level) => level === wanted) ?? (quiet || people ? 'warn' : 'info');
  return (level, message, detail = {}) => {
    if (levels.indexOf(level) < levels.indexOf(lowest)) {
      return;
    }
    const known = Object.fromEntries(Object.entries(detail).map(([name, value]) => [name, plain(value)]));
    process.stderr.write(people ? `${level}: ${message}${tail(known)}\n` : `${shownJson({ time: new Date().toISOString(), level, message, ...known })}\n`);
  };
}

function plain(value: unknown): unknown {
  if (value instanceof Error) {
    return 'code' in value && typeof value.code === 'string' ? `${value.code}: ${value.message}` : `${value.name}: ${value.message}`;
  }
  return value;
}

function tail(detail: Record<string, unknown>): string {
  const parts = Object.entries(detail).map(([name, value]) => `${name}=${shown(typeof value === 'string' ? value : JSON.stringify(value))}`);
  return parts.length === 0 ? '' : ` (${parts.join(' ')})`;
}
