import { LatchkeyError } from '../domain/errors.ts';

/** A server's address as profiles keep it and tokens are bound to it: http or https, no user, no slash at the end. */
export function parseServerUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !['http:', 'https:'].includes(url.protocol) || url.username !== '' || url.password !== '') {
    throw new LatchkeyError('invalid_input', `"${text}" is not the URL of a server such as https://latchkey.example:8420.`);
  }
  return url.href.replace(/\/$/, '');
}
