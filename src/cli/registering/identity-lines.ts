import { identityColumns } from '../../formats/identity-rows.ts';
import type { NewIdentity } from '../../roles/factory/ports.ts';

export const identityFormats = ['ndjson', 'csv'] as const;
export type IdentityFormat = (typeof identityFormats)[number];

/** The line above all others. */
export const identityHeader: Readonly<Record<IdentityFormat, string>> = { ndjson: '', csv: `${identityColumns.join(',')}\n` };

/** An identity as a line of a file that our commands read again. */
export const identityLine: Readonly<Record<IdentityFormat, (identity: NewIdentity, passTmp: string) => string>> = {
  ndjson({ uuid, ssid, model, batch, label, mac }, passTmp) {
    return `${JSON.stringify({ uuid, ssid, pass_tmp: passTmp, model, batch, label, mac })}\n`;
  },
  csv({ uuid, ssid, model, batch, label, mac }, passTmp) {
    return `${[uuid, ssid, passTmp, model, batch, label, mac].map(csvField).join(',')}\n`;
  },
};

/** RFC 4180; texts have no line breaks. */
function csvField(text: string | undefined): string {
  return text === undefined ? '' : /[",]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
