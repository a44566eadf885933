import { LatchkeyError } from '../domain/errors.ts';

export type Pcsc = typeof import('pcsc-mini');
export type PcscCard = import('pcsc-mini').Card;

/** Errors: `reader_unavailable` if there is none for this machine. */
export async function loadPcsc(): Promise<Pcsc> {
  try {
    return await import('pcsc-mini');
  } catch (error) {
    const remedy = process.platform === 'linux' ? 'Install pcscd and libpcsclite (Debian and Ubuntu: pcscd, libpcsclite1).' : 'Install Latchkey again.';
    throw new LatchkeyError('reader_unavailable', `Card readers cannot be used: ${reasonOf(error)}.`, { hint: remedy, cause: error });
  }
}

/** The card is not there any more, or not as it was. */
const removed = ['RemovedCard', 'NoSmartCard', 'ResetCard', 'NotTransacted', 'UnpoweredCard', 'UnresponsiveCard', 'CommDataLost', 'ReaderUnavailable', 'UnknownReader', 'InvalidHandle'];
const busy = ['SharingViolation', 'CardIsBusy'];
const denied = ['NoAccess', 'SecurityViolation', 'AccessDenied', 'PermissionDenied'];

/** Another program has the card, perhaps for a moment. */
export function isBusy(error: unknown): boolean {
  return busy.includes(codeOf(error));
}

/** What pcsc-mini throws, by the names that it gives to the errors of PC/SC. */
export function pcscError(error: unknown): LatchkeyError {
  const code = codeOf(error);
  if (removed.includes(code)) {
    return new LatchkeyError('card_removed', undefined, { cause: error });
  }
  if (isBusy(error)) {
    return new LatchkeyError('reader_unavailable', 'Another program has the card to itself.', { hint: 'End what else uses the reader, such as GnuPG’s scdaemon.', cause: error });
  }
  if (denied.includes(code)) {
    return new LatchkeyError('reader_unavailable', `This user may not use card readers (${code}).`, { hint: 'Run it in a session at the machine itself, or allow it in polkit (org.debian.pcsc-lite).', cause: error });
  }
  return new LatchkeyError('reader_unavailable', `The PC/SC service does not serve card readers (${code}).`, { cause: error });
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : reasonOf(error);
}

/** pcsc-mini puts the loader's words into its second line. */
function reasonOf(error: unknown): string {
  const [first = '', second] = (error instanceof Error ? error.message : String(error)).split('\n');
  return (second ?? first).replace(/^Error: /, '').replace(/[.:]$/, '');
}
