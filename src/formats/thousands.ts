/** A count for people: 1,234,567. (Intl would load its tables of all languages for it: 3 MB.) */
export function thousands(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ',');
}
