import { enrollmentFromWire } from '../api/enrollments.ts';
import { routes } from '../api/routes.ts';
import { tokenFromWire } from '../api/tokens.ts';
import type { KnownActor } from '../domain/token.ts';
import type { Enrollment, EnrollmentRole } from '../roles/enrollment/ports.ts';
import type { HttpClient } from './http-client.ts';

export class EnrollmentClient implements EnrollmentRole {
  readonly #http: HttpClient;

  constructor(http: HttpClient) {
    this.#http = http;
  }

  async enroll(code: string, name: string): Promise<Enrollment> {
    return enrollmentFromWire(await this.#http.call(routes.enroll, { body: { code, name } }));
  }

  async whoami(): Promise<KnownActor> {
    return { kind: 'token', token: tokenFromWire(await this.#http.call(routes.whoami, {})) };
  }
}
