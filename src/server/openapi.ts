import { eventStreamMediaType } from '../api/event-stream.ts';
import { documentedProblemSchema, problemMediaType } from '../api/problem.ts';
import type { Route } from '../api/route.ts';
import { routes } from '../api/routes.ts';
import { digits, id, type Schema } from '../api/schema.ts';
import { errorTable, type ErrorCode } from '../domain/errors.ts';

type Json = Record<string, unknown>;

/**
 * The API as an OpenAPI 3.1 document, from the table of routes alone: the same code gives the same document, so a
 * committed copy can be compared.
 */
export function openApiDocument(): Json {
  const components = new Map<string, unknown>();
  const paths: Record<string, Json> = {};
  for (const [name, route] of Object.entries<Route>(routes)) {
    const methods = (paths[route.path] ??= {});
    methods[route.method.toLowerCase()] = operation(name, route, components);
  }
  for (const [path, summary, type, schema] of operational) {
    paths[path] = { get: { operationId: path.slice(1).replace('.json', ''), summary, security: [], responses: {
      200: { description: 'Done', content: { [type]: { schema } } },
      default: problemResponse('Anything else', components),
    } } };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Latchkey',
      version: '1.0.0',
      description: 'Registry of devices, access points and grants. Errors are problem documents (RFC 9457) whose `code` is of a closed table.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    security: [{ token: [] }],
    paths,
    components: {
      securitySchemes: {
        token: { type: 'http', scheme: 'bearer', description: '`lk_<role>_<22 base64url>`, from POST /v1/enrollments' },
      },
      headers: {
        RetryAfter: { description: 'Seconds after which another try makes sense', schema: { type: 'integer', minimum: 1 } },
      },
      schemas: Object.fromEntries([...components].sort(([a], [b]) => (a < b ? -1 : 1))),
    },
  };
}

/** Beside the table: what operators and their tools read. */
const operational: readonly [string, string, string, Json][] = [
  ['/healthz', 'Whether the process answers', 'application/json', { type: 'object', properties: { status: { const: 'ok' } } }],
  ['/readyz', 'Whether the database answers too', 'application/json', { type: 'object', properties: { status: { const: 'ok' } } }],
  ['/metrics', 'For Prometheus; from elsewhere than this machine with a token of an admin or technician', 'text/plain', { type: 'string' }],
  ['/openapi.json', 'This document', 'application/json', { type: 'object' }],
];

function operation(name: string, route: Route, components: Map<string, unknown>): Json {
  const parameters = [
    ...parametersOf(route.params, 'path', components),
    ...parametersOf(route.query, 'query', components),
    ...(route.idempotent !== undefined ? [idempotencyKey] : []),
    ...(route.streams === true ? [lastEventId] : []),
  ];
  return {
    operationId: name,
    summary: route.summary,
    ...(typeof route.roles === 'string' ? {} : { description: `For tokens of role ${route.roles.join(', ')}.` }),
    ...(route.roles === 'anyone' ? { security: [] } : {}),
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(route.body === undefined
      ? {}
      : { requestBody: { required: mustSend(route.body), content: { 'application/json': { schema: refer(route.body, components) } } } }),
    responses: {
      [route.status]:
        route.reply === undefined
          ? { description: 'Done' }
          : route.streams === true
            ? { description: 'Server-sent events, until either side ends it; this is the data of each', content: { [eventStreamMediaType]: { schema: refer(route.reply, components) } } }
            : { description: 'Done', content: { 'application/json': { schema: refer(route.reply, components) } } },
      ...problemResponses(codesOf(route), components),
    },
  };
}

const idempotencyKey: Json = {
  name: 'Idempotency-Key',
  in: 'header',
  description: 'The same key and request gets the same reply for 30 days; with another request it is refused.',
  schema: id,
};

const lastEventId: Json = {
  name: 'Last-Event-ID',
  in: 'header',
  description: 'The id of the last event that came earlier: the stream goes on after it.',
  schema: digits,
};

function mustSend(body: Schema): boolean {
  return typeof body === 'object' && 'required' in body && Array.isArray(body.required) && body.required.length > 0;
}

function codesOf(route: Route): ErrorCode[] {
  const takesInput = route.params !== undefined || route.query !== undefined || route.body !== undefined;
  return [
    ...(takesInput || route.idempotent !== undefined ? (['invalid_input'] as const) : []),
    ...(route.body === undefined ? [] : (['payload_too_large', 'unsupported_media_type'] as const)),
    ...(route.roles === 'anyone' ? [] : (['unauthorized', 'forbidden'] as const)),
    ...(route.idempotent !== undefined ? (['idempotency_mismatch'] as const) : []),
    ...(route.errors ?? []),
    'rate_limited',
    'server_unavailable',
    'storage_unavailable',
  ];
}

function problemResponses(codes: readonly ErrorCode[], components: Map<string, unknown>): Json {
  const byStatus = new Map<number, ErrorCode[]>();
  for (const code of new Set(codes)) {
    const { http } = errorTable[code];
    byStatus.set(http, [...(byStatus.get(http) ?? []), code]);
  }
  return {
    ...Object.fromEntries([...byStatus].map(([status, those]) => [status, problemResponse(those.join(', '), components, status)])),
    default: problemResponse('Anything else', components),
  };
}

function problemResponse(description: string, components: Map<string, unknown>, status?: number): Json {
  return {
    description,
    ...(status === 429 || status === 503 ? { headers: { 'Retry-After': { $ref: '#/components/headers/RetryAfter' } } } : {}),
    content: { [problemMediaType]: { schema: refer(documentedProblemSchema, components) } },
  };
}

function parametersOf(schema: Schema | undefined, place: 'path' | 'query', components: Map<string, unknown>): Json[] {
  if (typeof schema !== 'object' || !('properties' in schema) || typeof schema.properties !== 'object') {
    return [];
  }
  const required = 'required' in schema && Array.isArray(schema.required) ? (schema.required as string[]) : [];
  return Object.entries(schema.properties ?? {}).map(([name, member]) => ({
    name,
    in: place,
    ...(required.includes(name) ? { required: true } : {}),
    ...(isArray(member) ? { style: 'form', explode: false } : {}),
    schema: refer(member, components),
  }));
}

function isArray(schema: unknown): boolean {
  return typeof schema === 'object' && schema !== null && 'type' in schema && schema.type === 'array';
}

/** The schema with those that have a title moved to the components, each once. */
function refer(schema: unknown, components: Map<string, unknown>): unknown {
  if (Array.isArray(schema)) {
    return schema.map((item) => refer(item, components));
  }
  if (typeof schema !== 'object' || schema === null) {
    return schema;
  }
  const { title, ...rest } = schema as Json;
  const inner = Object.fromEntries(Object.entries(rest).map(([key, value]) => [key, refer(value, components)]));
  if (typeof title !== 'string') {
    return inner;
  }
  components.set(title, inner);
  return { $ref: `#/components/schemas/${title}` };
}
