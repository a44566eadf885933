/** What a spreadsheet takes for the begin of a formula. */
const formula = /^[=+\-@\t\r]/;

/**
 * One record of CSV (RFC 4180) with its line end. Text that a spreadsheet would run as a formula gets an apostrophe
 * before it, which spreadsheets hide.
 */
export function csvRecord(values: readonly (string | number | undefined)[]): string {
  return `${values.map(cell).join(',')}\r\n`;
}

function cell(value: string | number | undefined): string {
  if (typeof value !== 'string') {
    return value === undefined ? '' : String(value);
  }
  const harmless = formula.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}
