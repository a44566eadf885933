/** Enough of a keyed hash to tell one from the other on a screen that others look at. */
const shownLetters = 6;

/** Who a grant is for: a device by its uuid, who paid by the beginning of what they are known by. */
export function subjectForPeople({ kind, id }: { readonly kind: string; readonly id: string }): string {
  return kind === 'device' ? `${kind} ${id}` : `${kind} ${inShort(id.replace(/^(sub|tok)_/, ''))}`;
}

/** The beginning of an id, where the whole would take the place of all else. */
export function idInShort(id: string): string {
  const [, prefix = '', rest = id] = /^([a-z]+_)(.+)$/.exec(id) ?? [];
  return `${prefix}${inShort(rest)}`;
}

function inShort(text: string): string {
  return `${text.slice(0, shownLetters)}…`;
}
