/** Enough of a keyed hash to tell one from the other on a screen that others look at. */
const shownLetters = 6;

/** Who a grant is for: a device by its uuid, who paid by the beginning of what they are known by. */
export function subjectForPeople({ kind, id }: { readonly kind: string; readonly id: string }): string {
  return kind === 'device' ? `${kind} ${id}` : `${kind} ${id.replace(/^(sub|tok)_/, '').slice(0, shownLetters)}…`;
}
