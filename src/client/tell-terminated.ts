import { hash } from 'node:crypto';
import { routes } from '../api/routes.ts';
import { terminatedServiceToWire } from '../api/terminated-services.ts';
import type { TerminatedService } from '../roles/card/ports.ts';
import type { HttpClient } from './http-client.ts';

/** By its content a service is told once, however often it is sent. */
export async function tellTerminated(http: HttpClient, service: TerminatedService): Promise<void> {
  const body = terminatedServiceToWire(service);
  await http.call(routes.tellTerminated, { body, idempotencyKey: hash('sha256', JSON.stringify(body), 'base64url') });
}
