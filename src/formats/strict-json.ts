import { LatchkeyError } from '../domain/errors.ts';

/**
 * JSON in which no object has a member twice (RFC 7493, I-JSON): of two, some readers take the first and some the last,
 * so that what one checks another does not do. Errors: `invalid_input`.
 */
export function parseStrictJson(text: string): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new LatchkeyError('invalid_input', 'this is no JSON.', { cause: error });
  }
  const twice = memberTwice(text);
  if (twice !== undefined) {
    throw new LatchkeyError('invalid_input', 'this JSON has a member twice.', { problems: [{ pointer: twice, detail: 'is there twice' }] });
  }
  return value;
}

interface Level {
  /** Undefined in an array. */
  readonly names: Set<string> | undefined;
  /** Of the part that is being read. */
  name: string | number;
}

/** The pointer to the first member that is there twice, in a text that is JSON. */
function memberTwice(text: string): string | undefined {
  const levels: Level[] = [];
  let nameNext = false;
  for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"|[{}[\],]/g)) {
    const level = levels.at(-1);
    if (token === '{' || token === '[') {
      levels.push({ names: token === '{' ? new Set() : undefined, name: 0 });
      nameNext = token === '{';
    } else if (token === '}' || token === ']') {
      levels.pop();
      nameNext = false;
    } else if (token === ',') {
      if (typeof level!.name === 'number') level!.name += 1;
      nameNext = level!.names !== undefined;
    } else if (nameNext) {
      const name = JSON.parse(token) as string;
      level!.name = name;
      if (level!.names!.has(name)) return levels.map((each) => `/${String(each.name).slice(0, 64).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
      level!.names!.add(name);
      nameNext = false;
    }
  }
  return undefined;
}
