import type { Log } from '../../src/roles/agent/log.ts';
import type { AccountingRecord } from '../../src/radius/accounting-record.ts';
import type { Admission, Dialect } from '../../src/radius/dialects.ts';
import { RadiusServer, type AdmissionRequest } from '../../src/radius/radius-server.ts';
import { sharedSecret } from './nas.ts';

/** A server on this machine with a backend of stations, which remembers what it was asked and told. */
export class Hall {
  readonly stations = new Map<string, Admission>();
  readonly asked: AdmissionRequest[] = [];
  readonly told: AccountingRecord[] = [];
  readonly logged: Parameters<Log>[] = [];
  /** In place of what the backend does with a record. */
  account: (record: AccountingRecord) => Promise<void> = async () => {};
  server!: RadiusServer;

  static async open({ dialect = 'standard', address = '127.0.0.1' }: { dialect?: Dialect; address?: string } = {}): Promise<Hall> {
    const hall = new Hall();
    hall.server = await RadiusServer.listen({
      authentication: { address, port: 0 },
      accounting: { address, port: 0 },
      clients: [{ name: 'hall', address, secret: sharedSecret, dialect }],
      backend: {
        admit: (request) => {
          hall.asked.push(request);
          return hall.stations.get(request.mac);
        },
        account: (record) => {
          hall.told.push(record);
          return hall.account(record);
        },
      },
      log: (...entry) => hall.logged.push(entry),
    });
    return hall;
  }
}
