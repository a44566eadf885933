export const root: string;
export const cacheFolder: string;
export function inProject(...names: string[]): string;
