import { Tag } from 'cbor2';
import { decodeCbor } from '../../src/protocol/cbor.ts';

/**
 * Reads CDDL (RFC 8610) and says what fits: as much of it as docs/credit-code.cddl is written in, and no more. Rules of
 * types, choices, ranges, `.size`, `.regexp`, `.cbor`, tags, maps with keys that are numbers, lists with occurrences.
 */
export type Rules = ReadonlyMap<string, Type>;
type Type = (value: unknown, rules: Rules) => boolean;
interface Entry {
  readonly least: number;
  readonly most: number;
  /** In a map. */
  readonly key: number | undefined;
  readonly type: Type;
}

const token = /\s*(?:;[^\n]*\n\s*)*(?:(?<name>[A-Za-z][\w-]*)|(?<number>-?\d+)|(?<text>"[^"]*")|(?<mark>#6\.|=>|\.\.|\.size|\.regexp|\.cbor|[=:/,?*()[\]{}])|(?<end>$))/y;

/** Errors: what it cannot read. */
export function readCddl(source: string): Rules {
  const parser = new Parser(source);
  const rules = new Map<string, Type>();
  while (!parser.isAtEnd) {
    const name = parser.name();
    parser.take('=');
    if (rules.has(name)) throw new Error(`${name} is there twice`);
    rules.set(name, parser.type());
  }
  const missing = [...parser.mentioned].filter((name) => !rules.has(name));
  if (missing.length > 0) throw new Error(`not defined: ${missing.join(', ')}`);
  return rules;
}

/** Whether one item, as decoded, is what the rule says. */
export function fits(rules: Rules, name: string, value: unknown): boolean {
  return rules.get(name)!(value, rules);
}

const prelude: Readonly<Record<string, Type>> = {
  bstr: (value) => value instanceof Uint8Array,
  tstr: (value) => typeof value === 'string',
  null: (value) => value === null,
};

class Parser {
  readonly mentioned = new Set<string>();
  readonly #source: string;
  #at = 0;

  constructor(source: string) {
    this.#source = source;
  }

  get isAtEnd(): boolean {
    return this.#peek()['end'] !== undefined;
  }

  name(): string {
    const { name } = this.#next();
    if (name === undefined) throw new Error(`no name before ${this.#source.slice(this.#at, this.#at + 40)}`);
    return name;
  }

  take(mark: string): void {
    if (!this.#has(mark)) throw new Error(`no ${mark} before ${this.#source.slice(this.#at, this.#at + 40)}`);
  }

  type(): Type {
    const choices = [this.#controlled()];
    while (this.#has('/')) {
      choices.push(this.#controlled());
    }
    return (value, rules) => choices.some((choice) => choice(value, rules));
  }

  #controlled(): Type {
    const target = this.#single();
    if (this.#has('.size')) {
      const size = this.#number();
      return (value, rules) => target(value, rules) && (value as Uint8Array).length === size;
    }
    if (this.#has('.regexp')) {
      const pattern = new RegExp(`^(?:${this.#next()['text']!.slice(1, -1)})$`);
      return (value, rules) => target(value, rules) && pattern.test(value as string);
    }
    if (this.#has('.cbor')) {
      const inner = this.#single();
      return (value, rules) => target(value, rules) && inner(decodeCbor(value as Uint8Array), rules);
    }
    return target;
  }

  #single(): Type {
    if (this.#has('#6.')) {
      const number = this.#number();
      this.take('(');
      const inner = this.type();
      this.take(')');
      return (value, rules) => value instanceof Tag && value.tag === number && inner(value.contents, rules);
    }
    if (this.#has('{')) return mapOf(this.#entries('}'));
    if (this.#has('[')) return listOf(this.#entries(']'));
    const { name, number } = this.#next();
    if (number !== undefined) {
      const least = Number(number);
      const most = this.#has('..') ? this.#number() : least;
      return (value) => typeof value === 'number' && value >= least && value <= most;
    }
    if (name === undefined) throw new Error(`no type before ${this.#source.slice(this.#at, this.#at + 40)}`);
    const known = prelude[name];
    if (known !== undefined) return known;
    this.mentioned.add(name);
    return (value, rules) => fits(rules, name, value);
  }

  #entries(end: string): Entry[] {
    const entries: Entry[] = [];
    while (!this.#has(end)) {
      entries.push(this.#entry());
      this.#has(',');
    }
    return entries;
  }

  #entry(): Entry {
    const [least, most] = this.#occurrence();
    const before = this.#at;
    const { name, number } = this.#next();
    if (number !== undefined && this.#has('=>')) return { least, most, key: Number(number), type: this.type() };
    if (name !== undefined && this.#has(':')) return { least, most, key: undefined, type: this.type() };
    this.#at = before;
    return { least, most, key: undefined, type: this.type() };
  }

  #occurrence(): readonly [number, number] {
    if (this.#has('?')) return [0, 1];
    const before = this.#at;
    const { number } = this.#next();
    if (number !== undefined && this.#has('*')) return [Number(number), this.#number()];
    this.#at = before;
    return [1, 1];
  }

  #number(): number {
    const { number } = this.#next();
    if (number === undefined) throw new Error(`no number before ${this.#source.slice(this.#at, this.#at + 40)}`);
    return Number(number);
  }

  #has(mark: string): boolean {
    const has = this.#peek()['mark'] === mark;
    if (has) this.#next();
    return has;
  }

  #peek(): Readonly<Record<string, string | undefined>> {
    const before = this.#at;
    const next = this.#next();
    this.#at = before;
    return next;
  }

  #next(): Readonly<Record<string, string | undefined>> {
    token.lastIndex = this.#at;
    const found = token.exec(this.#source);
    if (found === null) throw new Error(`what is ${this.#source.slice(this.#at, this.#at + 40)}`);
    this.#at = token.lastIndex;
    return found.groups!;
  }
}

function mapOf(entries: readonly Entry[]): Type {
  return (value, rules) =>
    value instanceof Map &&
    entries.every(({ key, type, least }) => (value.has(key) ? type(value.get(key), rules) : least === 0)) &&
    [...value.keys()].every((key) => entries.some((entry) => entry.key === key));
}

/** As many of each as fit, without going back: no list here needs that. */
function listOf(entries: readonly Entry[]): Type {
  return (value, rules) => {
    if (!Array.isArray(value)) return false;
    let at = 0;
    for (const { least, most, type } of entries) {
      const start = at;
      while (at < value.length && at - start < most && type(value[at], rules)) at += 1;
      if (at - start < least) return false;
    }
    return at === value.length;
  };
}
