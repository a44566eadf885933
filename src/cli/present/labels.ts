import { object } from '../../api/schema.ts';
import { shown } from '../../domain/shown-text.ts';
import { thousands } from '../../formats/thousands.ts';

const count = { type: 'integer', minimum: 0 } as const;
export const labelsSchema = object('Labels', { labels: count, files: count, rejected: count });

export interface LabelsWire {
  readonly labels: number;
  /** None where they went to standard output. */
  readonly files: number;
  readonly rejected: number;
}

export function presentLabels({ labels, files, rejected }: LabelsWire, where: string): string {
  const made = `${labels === 1 ? '1 label' : `${thousands(labels)} labels`} in ${files === 1 ? '1 file' : `${thousands(files)} files`}: ${shown(where)}`;
  return rejected === 0 ? made : `${made}\n${thousands(rejected)} rejected`;
}
