type Present<T> = {
  [K in keyof T as undefined extends T[K] ? never : K]: T[K];
} & {
  [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined>;
};

/** Leaves out what is absent: on the wire a member is there with a value or not there. */
export function present<T extends object>(members: T): Present<T> {
  const kept: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(members)) {
    if (value !== undefined) {
      kept[name] = value;
    }
  }
  return kept as Present<T>;
}

/** A moment as the wire writes it: RFC 3339, UTC, milliseconds. */
export function instantToWire(at: Date): string;
export function instantToWire(at: Date | undefined): string | undefined;
export function instantToWire(at: Date | undefined): string | undefined {
  return at?.toISOString();
}

/** A moment from a member that its schema has checked. */
export function instantFromWire(text: string): Date;
export function instantFromWire(text: string | undefined): Date | undefined;
export function instantFromWire(text: string | undefined): Date | undefined {
  return text === undefined ? undefined : new Date(text);
}
