import type { XSchema, XStatic } from 'typebox/schema';

/**
 * The wire's schemas are plain JSON Schema 2020-12, as OpenAPI 3.1 wants it: they cost nothing to import, TypeBox
 * infers their TypeScript types, and its compiler checks values against them at both ends (check.ts).
 */
export type Schema = XSchema;
export type Static<S> = XStatic<S>;

type Properties = Readonly<Record<string, XSchema>>;

/** An object with members that it must and members that it may have. Others are passed over: replies may grow. */
export function object<const Required extends Properties, const Optional extends Properties = Record<never, never>>(
  title: string,
  required: Required,
  optional?: Optional,
) {
  return {
    title,
    type: 'object' as const,
    // TypeBox reads the names of required members from a tuple; a union in one place says the same.
    required: Object.keys(required) as unknown as [keyof Required & string],
    properties: { ...required, ...optional } as Required & Optional,
  };
}

/** What is sent to us: a member that nobody knows is a mistake of the sender's and is refused. */
export function input<const Required extends Properties, const Optional extends Properties = Record<never, never>>(
  title: string,
  required: Required,
  optional?: Optional,
) {
  return { ...object(title, required, optional), additionalProperties: false as const };
}

export function arrayOf<const Items extends XSchema>(items: Items) {
  return { type: 'array' as const, items };
}

export function oneOf<const Values extends readonly string[]>(values: Values) {
  // A union in one place here, too: of some fifty members one after the other TypeScript loses patience.
  return { type: 'string' as const, enum: values as unknown as readonly [Values[number]] };
}

export const boolean = { type: 'boolean' } as const;
/** A lower-case uuid (RFC 9562). */
export const uuid = {
  type: 'string',
  format: 'uuid',
  pattern: '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$',
} as const;
/** A MAC address in lower case with colons. */
export const mac = { type: 'string', pattern: '^[0-9a-f]{2}(:[0-9a-f]{2}){5}$' } as const;
/** Ids and idempotency keys (protocol.md, encodings). */
export const id = { type: 'string', pattern: '^[A-Za-z0-9_-]{1,64}$' } as const;
/** 32 bytes in base64url without padding, in the one form that the encoder writes. */
export const bytes32 = { type: 'string', pattern: '^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$' } as const;
/** On P-256. */
export const compressedPoint = { type: 'string', pattern: '^A[g-z0-9_-][A-Za-z0-9_-]{42}$', description: 'A point of P-256, compressed (SEC 1), 33 bytes in base64url.' } as const;
/** RFC 3339 in UTC with milliseconds, as Date.prototype.toISOString writes it. */
export const instant = {
  type: 'string',
  format: 'date-time',
  pattern: '^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]\\.[0-9]{3}Z$',
} as const;
/** An integer that may outgrow 53 bits, in decimal digits. */
export const digits = { type: 'string', pattern: '^(0|[1-9][0-9]{0,38})$' } as const;
export const count = { type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER } as const;
/** How often each of some things was, by name. */
export const counts = { type: 'object', additionalProperties: count } as const;
const withoutControls = '^[^\\u0000-\\u001f\\u007f]*$';
/** 1 to 32 bytes of UTF-8; the schema counts characters, the domain bytes. */
export const ssid = { type: 'string', minLength: 1, maxLength: 32, pattern: withoutControls } as const;
/** Free text for people, one line. */
export const text = { type: 'string', minLength: 1, maxLength: 64, pattern: withoutControls } as const;
/** Free text that a machine made, one line. */
export const note = { type: 'string', maxLength: 256, pattern: withoutControls } as const;
/** What somebody else made up to name something, in printable ASCII without spaces. */
export const name = { type: 'string', minLength: 1, maxLength: 128, pattern: '^[!-~]+$' } as const;
/** Who did it, as recorded (domain/token.ts). */
export const recordedActor = { type: 'string', maxLength: 1024, description: '`local`, `device`, `auto`, `superseded`, role:token id:name, or newcomer:enrolment code id.' } as const;
/** What a reply says in words; longer than what anybody may send. */
export const remark = { type: 'string', maxLength: 1024 } as const;
