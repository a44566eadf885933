import { parseGateway } from '../client/access-point/address.ts';

/** By way of whom a server is reached: `HOST[:PORT]` of an access point's agent, or `auto`. Errors: `invalid_input`. */
export function parseVia(text: string): string {
  if (text !== 'auto') {
    parseGateway(text);
  }
  return text;
}
