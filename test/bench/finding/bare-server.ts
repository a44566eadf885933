/**
 * What a search costs at least: node:http that parses the same body and answers the same JSON, with nothing looked up
 * and nothing around it. `bare-server.ts '{"reply": …}'`.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface BareServerOptions {
  /** What it answers: an answer of the server that it stands beside. */
  readonly reply: { readonly offers: readonly object[] };
}

const { reply } = JSON.parse(process.argv[2] ?? '{}') as BareServerOptions;

const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const { networks } = JSON.parse(Buffer.concat(chunks).toString()) as { networks: { bssid: string }[] };
    const answer = JSON.stringify({ offers: reply.offers.map((offer, at) => ({ ...offer, bssids: [networks[at]!.bssid] })) });
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(answer) }).end(answer);
  });
});
server.listen(0, '127.0.0.1', () => {
  console.log(JSON.stringify({ port: (server.address() as AddressInfo).port }));
});
