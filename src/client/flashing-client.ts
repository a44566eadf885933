import { flashBegunFromWire, flashFromWire } from '../api/flashes.ts';
import { routes } from '../api/routes.ts';
import { present } from '../api/wire.ts';
import type { Flash } from '../domain/flash.ts';
import { parseUuid } from '../domain/identifiers.ts';
import type { FlashBegin, FlashBegun, FlashEnd, FlashingRole } from '../roles/flashing/ports.ts';
import type { HttpClient } from './http-client.ts';

export class FlashingClient implements FlashingRole {
  readonly #http: HttpClient;

  constructor(http: HttpClient) {
    this.#http = http;
  }

  async begin(uuid: string, { station, operator, again }: FlashBegin): Promise<FlashBegun> {
    const input = { params: { uuid: parseUuid(uuid) }, body: present({ station, operator, again }) };
    return flashBegunFromWire(await this.#http.call(routes.beginFlash, input));
  }

  async end(uuid: string, flashId: string, { result, detail }: FlashEnd): Promise<Flash> {
    const input = { params: { uuid: parseUuid(uuid), id: flashId }, body: present({ result, detail }) };
    return flashFromWire(await this.#http.call(routes.endFlash, input));
  }

  async open(station: string): Promise<readonly Flash[]> {
    const { items } = await this.#http.call(routes.listOpenFlashes, { query: { station } });
    return items.map(flashFromWire);
  }
}
