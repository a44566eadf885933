import { signedAuditHeadFromWire, signedAuditHeadSchema } from '../api/audit.ts';
import { LatchkeyError } from '../domain/errors.ts';
import type { SignedAuditHead } from '../roles/admin/ports.ts';
import { readText } from './destination.ts';

/** What `audit head --json` printed. Errors: `file_not_found`, `invalid_input`, `check_failed` if its signature does not fit. */
export async function readAuditHead(path: string): Promise<SignedAuditHead> {
  const [{ checker }, { isAuditHeadSigned }] = await Promise.all([import('../api/check.ts'), import('../roles/admin/audit-head.ts')]);
  const checked = checker(signedAuditHeadSchema)(parseJson(readText(path, '--head')));
  if (!checked.ok) {
    throw new LatchkeyError('invalid_input', `--head: ${path} is not what \`audit head --json\` prints.`, { problems: checked.problems });
  }
  const head = signedAuditHeadFromWire(checked.value);
  if (!isAuditHeadSigned(head)) {
    throw new LatchkeyError('check_failed', `The head in ${path} was changed: its signature does not fit.`, { hint: 'Take another copy of it.' });
  }
  return head;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
