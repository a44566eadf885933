import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { checker } from '../../api/check.ts';
import { bssid, ssidBytesSchema, ssidFromWire, ssidToWire } from '../../api/heard-networks.ts';
import { arrayOf, count, id, instant, object, type Static } from '../../api/schema.ts';
import { instantFromWire, instantToWire } from '../../api/wire.ts';
import { LatchkeyError } from '../../domain/errors.ts';
import type { ListedNetwork, NetworksRole } from '../../roles/networks/ports.ts';
import { LineFile } from '../line-file.ts';
import { ensureFolder, paths } from '../paths.ts';

const fileSchema = object('KeptMatchingList', {
  server: { type: 'string' },
  revision: count,
  synced_at: instant,
  networks: arrayOf(object('KeptNetwork', { network_id: id, ssid: ssidBytesSchema, bssids: arrayOf(bssid), message_version: count })),
  /** Which version of a network's message was shown here. */
  shown: { type: 'object', additionalProperties: count },
});
type Content = Static<typeof fileSchema> & { readonly shown: Readonly<Record<string, number>> };

const check = checker(fileSchema);
const never = new Date(0);

/** Networks with a message as a server listed them, kept on this machine to be known again without it. */
export interface KeptList {
  readonly networks: readonly ListedNetwork[];
  /** Undefined until it was synchronised. */
  readonly syncedAt: Date | undefined;
}

/**
 * The list of one server, by its name among destinations, in the data folder; and which messages were shown. Nothing of it
 * is secret. Errors: `invalid_input` if the file is damaged, those of `LineFile`.
 */
export class MatchingListFile {
  readonly #server: string;
  readonly #path: string;

  constructor(server: string, folder = join(paths().data, 'nearby')) {
    this.#server = server;
    this.#path = join(ensureFolder(folder), `${createHash('sha256').update(server).digest('hex').slice(0, 16)}.json`);
  }

  read(): KeptList {
    const { networks, synced_at: at } = this.#content();
    const syncedAt = instantFromWire(at);
    return {
      networks: networks.map((each) => ({ networkId: each.network_id, ssid: ssidFromWire(each.ssid), bssids: each.bssids, messageVersion: each.message_version })),
      syncedAt: syncedAt > never ? syncedAt : undefined,
    };
  }

  /** Asks for what has changed since the last time, until that is all. */
  async synchronise(role: Pick<NetworksRole, 'matchingList'>, now: Date): Promise<KeptList> {
    const content = this.#content();
    const networks = new Map(content.networks.map((each) => [each.network_id, each]));
    let { revision } = content;
    for (;;) {
      const part = await role.matchingList(revision);
      part.gone.forEach((networkId) => networks.delete(networkId));
      for (const { networkId, ssid, bssids, messageVersion } of part.networks) {
        networks.set(networkId, { network_id: networkId, ssid: ssidToWire(ssid), bssids: [...bssids], message_version: messageVersion });
      }
      if (!part.isPart || part.revision === revision) {
        this.#write({ ...this.#content(), revision: part.revision, synced_at: instantToWire(now), networks: [...networks.values()] });
        return this.read();
      }
      revision = part.revision;
    }
  }

  wasShown(networkId: string, version: number): boolean {
    return this.#content().shown[networkId] === version;
  }

  markShown(networkId: string, version: number): void {
    const content = this.#content();
    this.#write({ ...content, shown: { ...content.shown, [networkId]: version } });
  }

  #content(): Content {
    if (!existsSync(this.#path)) {
      return { server: this.#server, revision: 0, synced_at: instantToWire(never), networks: [], shown: {} };
    }
    const damaged = (cause?: unknown) =>
      new LatchkeyError('invalid_input', `The list of networks ${this.#path} is damaged.`, { hint: 'Remove it, and fetch it again: `latchkey share nearby --sync`.', cause });
    let value: unknown;
    try {
      value = JSON.parse(readFileSync(this.#path, 'utf8'));
    } catch (error) {
      throw damaged(error);
    }
    const checked = check(value);
    if (!checked.ok) {
      throw damaged();
    }
    return checked.value as Content;
  }

  #write(content: Content): void {
    LineFile.replace(this.#path, '', `${JSON.stringify(content)}\n`);
  }
}
