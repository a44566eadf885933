import { LatchkeyError } from '../domain/errors.ts';
import { shown } from '../domain/shown-text.ts';

/** What a label's text may name. */
export const labelFields = ['uuid', 'uuid-end', 'model', 'batch', 'label', 'mac', 'ssid', 'code'] as const;
export type LabelField = (typeof labelFields)[number];
/** What there is of it for one device. */
export type LabelValues = { readonly [Field in LabelField]?: string | undefined };

/** A line of text in which `{model}` and the like stand for what a device has. */
export type LabelTemplate = readonly (string | { readonly field: LabelField })[];

/** `{{` is one `{`. Errors: `invalid_input` for what no device has. */
export function parseLabelTemplate(text: string): LabelTemplate {
  return text.split(/(\{\{|\{[^{}]*\}?)/).filter((part) => part !== '').map((part) => {
    if (part === '{{' || !part.startsWith('{')) {
      return part === '{{' ? '{' : part;
    }
    const field = labelFields.find((name) => part === `{${name}}`);
    if (field === undefined) {
      throw new LatchkeyError('invalid_input', `"${part}" stands for nothing; there are ${labelFields.map((name) => `{${name}}`).join(', ')}, and {{ is one {.`);
    }
    return { field };
  });
}

/** The line for one device, as people may see it; undefined if the device lacks something that it names. */
export function labelLine(template: LabelTemplate, values: LabelValues): string | undefined {
  const parts = template.map((part) => (typeof part === 'string' ? part : values[part.field]));
  return parts.includes(undefined) ? undefined : shown(parts.join(''));
}

/** The last part of a uuid: enough for people to tell devices apart. */
export function uuidEnd(uuid: string): string {
  return uuid.slice(uuid.lastIndexOf('-') + 1);
}
