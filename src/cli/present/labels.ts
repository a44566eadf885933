import { object } from '../../api/schema.ts';
import { shown } from '../../domain/shown-text.ts';

const count = { type: 'integer', minimum: 0 } as const;
export const labelsSchema = object('Labels', { labels: count, files: count, rejected: count });

export interface LabelsWire {
  readonly labels: number;
  /** None where they went to standard output. */
  readonly files: number;
  readonly rejected: number;
}

export function presentLabels({ labels, files, rejected }: LabelsWire, where: string): string {
  const made = `${labels === 1 ? '1 label' : `${labels} labels`} in ${files === 1 ? '1 file' : `${files} files`}: ${shown(where)}`;
  return rejected === 0 ? made : `${made}\n${rejected} rejected`;
}
