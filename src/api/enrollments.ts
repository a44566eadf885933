import { roles } from '../domain/token.ts';
import type { NewEnrollCode } from '../roles/admin/ports.ts';
import type { Enrollment } from '../roles/enrollment/ports.ts';
import type { EnrollCode } from '../roles/store.ts';
import { id, input, instant, name, object, oneOf, text, type Static } from './schema.ts';
import { scopeFromWire, scopeInputSchema, scopeSchema, scopeToWire, tokenFromWire, tokenToWire } from './tokens.ts';
import { instantFromWire, instantToWire } from './wire.ts';

/** The code itself, shown once. */
const code = name;
/** `lk_<role>_<22 base64url>` (protocol.md section 3). */
const secret = { type: 'string', pattern: '^lk_[a-z]+_[A-Za-z0-9_-]{22}$' } as const;

export const enrollCodeInputSchema = input(
  'EnrollCodeInput',
  {
    role: oneOf(roles),
    expires_in: { type: 'number', exclusiveMinimum: 0, maximum: 315_360_000, description: 'Lifetime in seconds.' },
  },
  { scope: scopeInputSchema },
);
export type EnrollCodeInputWire = Static<typeof enrollCodeInputSchema>;

export const enrollCodeSchema = object('EnrollCode', {
  code,
  enroll_code_id: id,
  role: oneOf(roles),
  scope: scopeSchema,
  created_at: instant,
  expires_at: instant,
});
export type EnrollCodeWire = Static<typeof enrollCodeSchema>;

export const enrollmentInputSchema = input('EnrollmentInput', { code, name: text });

export const enrollmentSchema = object(
  'Enrollment',
  { token: secret, token_id: id, role: oneOf(roles), name: text, scope: scopeSchema, created_at: instant },
  { ap_id: id },
);
export type EnrollmentWire = Static<typeof enrollmentSchema>;

export function newEnrollCodeToWire({ role, scope, lifetimeMs }: NewEnrollCode): EnrollCodeInputWire {
  return { role, scope: scopeToWire(scope), expires_in: lifetimeMs / 1000 };
}

export function newEnrollCodeFromWire(wire: EnrollCodeInputWire): NewEnrollCode {
  return { role: wire.role, scope: scopeFromWire(wire.scope ?? {}), lifetimeMs: Math.ceil(wire.expires_in * 1000) };
}

export function enrollCodeToWire(created: { readonly code: string; readonly enrollCode: EnrollCode }): EnrollCodeWire {
  const { code, enrollCode } = created;
  return {
    code,
    enroll_code_id: enrollCode.id,
    role: enrollCode.role,
    scope: scopeToWire(enrollCode.scope),
    created_at: instantToWire(enrollCode.createdAt),
    expires_at: instantToWire(enrollCode.expiresAt),
  };
}

export function enrollCodeFromWire(wire: EnrollCodeWire): { readonly code: string; readonly enrollCode: EnrollCode } {
  return {
    code: wire.code,
    enrollCode: {
      id: wire.enroll_code_id,
      role: wire.role,
      scope: scopeFromWire(wire.scope),
      createdAt: instantFromWire(wire.created_at),
      expiresAt: instantFromWire(wire.expires_at),
    },
  };
}

export function enrollmentToWire({ secret, token }: Enrollment): EnrollmentWire {
  return { token: secret, ...tokenToWire(token) };
}

export function enrollmentFromWire(wire: EnrollmentWire): Enrollment {
  return { secret: wire.token, token: tokenFromWire(wire) };
}
