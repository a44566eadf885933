import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';

/** A file of test/vectors/nvs, unpacked if it is packed there. */
export function nvsVector(name: string): Buffer {
  const at = new URL(`nvs/${name}`, import.meta.url);
  return name.endsWith('.csv') ? readFileSync(at) : gunzipSync(readFileSync(new URL(`${at.href}.gz`)));
}
