/** The least that server-sent events take: node:http, and the text written to the connections. `bare-server.ts '{"terminals": …}'`. */
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { detail, listenForTelling } from './telling.ts';

const { terminals } = JSON.parse(process.argv[2] ?? '{}') as { readonly terminals: number };
const responses: ServerResponse[] = [];
let number = 0;

const server = createServer((_request, response) => {
  responses.push(response);
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' }).write('retry: 1000\n\nid: 0\n\n');
});
const tellPort = await listenForTelling({
  async tell(which) {
    number += 1;
    const said = detail();
    for (const index of which) {
      const data = JSON.stringify({ number, kind: 'fee.set', at: new Date().toISOString(), detail: said });
      responses[index]!.write(`id: ${number}\nevent: fee.set\ndata: ${data}\n\n`);
    }
  },
}, terminals);
server.listen(0, '127.0.0.1', () => console.log(JSON.stringify({ port: (server.address() as AddressInfo).port, tellPort })));
