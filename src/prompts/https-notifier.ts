import type { AccessRequest } from '../domain/access-request.ts';
import { LatchkeyError } from '../domain/errors.ts';
import type { Notifier } from '../roles/agent/ports.ts';
import { noticeOf } from './notice.ts';

const timeoutMs = 10_000;

/** Posts what happened as JSON. `ca`: certificates of the authorities to trust instead of the usual ones, PEM. */
export function httpsNotifier(url: string, ca?: string): Notifier {
  if (!URL.canParse(url) || new URL(url).protocol !== 'https:') {
    throw new LatchkeyError('invalid_input', 'Notifications go to an https:// address.');
  }
  return {
    notify: async (event: string, request: AccessRequest) => {
      const { Agent, request: send } = await import('undici');
      const agent = new Agent({ ...(ca === undefined ? {} : { connect: { ca } }) });
      try {
        const response = await send(url, {
          dispatcher: agent,
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify(noticeOf(event, request)),
          signal: AbortSignal.timeout(timeoutMs),
        });
        await response.body.dump();
        if (response.statusCode >= 300) {
          throw new LatchkeyError('remote_unreachable', `${new URL(url).host} answers a notification with ${response.statusCode}.`);
        }
      } finally {
        await agent.close();
      }
    },
  };
}
