/** Where a running role says what happens; `detail` holds no secrets. */
export type Log = (level: 'debug' | 'info' | 'warn' | 'error', message: string, detail?: Readonly<Record<string, unknown>>) => void;
