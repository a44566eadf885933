/** The keys of our advisory locks (`pg_advisory_xact_lock`): any numbers, the same in every version. */
export const advisoryLocks = { migration: 0x4c4b_0001, 'audit-chain': 0x4c4b_0002, 'verification-codes': 0x4c4b_0003, registers: 0x4c4b_0004, mandates: 0x4c4b_0005, 'code-keys': 0x4c4b_0006 } as const;
export type LockName = Exclude<keyof typeof advisoryLocks, 'migration'>;
