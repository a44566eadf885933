import { LatchkeyError } from '../domain/errors.ts';
import type { Notifier } from '../roles/agent/ports.ts';
import { noticeOf } from './notice.ts';

const timeoutMs = 10_000;

export interface HttpsOptions {
  /** Certificates of the authorities to trust instead of the usual ones, PEM. */
  readonly ca?: string | undefined;
  /** What a failure of the network means. */
  readonly meaning: (error: unknown, host: string) => Error | undefined;
}

/** Posts what happened as JSON. Errors of `notify`: `timed_out`, `remote_unreachable`, and as `meaning` says. */
export function httpsNotifier(url: string, { ca, meaning }: HttpsOptions): Notifier {
  if (!URL.canParse(url) || new URL(url).protocol !== 'https:') {
    throw new LatchkeyError('invalid_input', 'Notifications go to an https:// address.');
  }
  const { host } = new URL(url);
  return {
    notify: async (event, request, signal) => {
      const { Agent, request: send } = await import('undici');
      const agent = new Agent({ ...(ca === undefined ? {} : { connect: { ca } }) });
      const late = AbortSignal.timeout(timeoutMs);
      try {
        const response = await send(url, {
          dispatcher: agent,
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify(noticeOf(event, request)),
          signal: AbortSignal.any([late, signal]),
        });
        await response.body.dump();
        if (response.statusCode >= 300) {
          throw new LatchkeyError('remote_unreachable', `${host} answers a notification with ${response.statusCode}.`);
        }
      } catch (error) {
        throw late.aborted ? new LatchkeyError('timed_out', `${host} did not answer a notification in time.`) : (meaning(error, host) ?? error);
      } finally {
        await agent.destroy();
      }
    },
  };
}
