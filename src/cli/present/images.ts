import { count, object } from '../../api/schema.ts';
import { thousands } from '../../formats/thousands.ts';
import type { WrittenImages } from '../images/write-images.ts';
import type { Screen } from './screen.ts';
import { details } from './table.ts';

export const imagesSchema = object('Images', { written: count, unchanged: count, rejected: count, folder: { type: 'string' } });
export type ImagesWire = Pick<WrittenImages, 'written' | 'unchanged' | 'rejected' | 'folder'>;

export function imagesToWire({ written, unchanged, rejected, folder }: WrittenImages): ImagesWire {
  return { written, unchanged, rejected, folder };
}

export function presentImages({ written, unchanged, rejected, folder }: ImagesWire, screen: Screen): string {
  return details(
    [
      ['devices written', thousands(written)],
      ['there already', unchanged === 0 ? undefined : thousands(unchanged)],
      ['rejected', rejected === 0 ? undefined : thousands(rejected)],
      ['folder', folder],
    ],
    screen,
  );
}
