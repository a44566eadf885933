import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Route } from '../../src/api/route.ts';
import { routes } from '../../src/api/routes.ts';
import { openApiDocument } from '../../src/server/openapi.ts';
import { expectProblem } from './problem-document.ts';
import { ask } from './raw-http.ts';
import { startServer, type RunningServer } from './running-server.ts';

let running: RunningServer;
beforeAll(async () => { running = await startServer({ trustProxy: ['127.0.0.1'] }); });
afterAll(() => running.stop());

test('healthy is who answers, ready whose database does', async () => {
  expect((await ask(running.port, 'GET', '/healthz')).status).toBe(200);
  expect((await ask(running.port, 'GET', '/readyz')).status).toBe(200);
  const other = await startServer();
  await other.store.close();
  expect((await ask(other.port, 'GET', '/healthz')).status).toBe(200);
  expect((await ask(other.port, 'GET', '/readyz')).status).toBeGreaterThanOrEqual(500);
  await other.server.stop();
});

test('metrics count answers by route and status, and no request makes a new series', async () => {
  for (const path of ['/v1/nowhere', '/v1/devices/a', '/v1/devices/b', `/${'x'.repeat(50)}`]) {
    await ask(running.port, 'GET', path);
  }
  const reply = await ask(running.port, 'GET', '/metrics');
  expect(reply.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
  const lines = reply.body.split('\n');
  expect(lines).toContain('latchkey_http_requests_total{method="any",route="unknown",status="404"} 2');
  expect(lines).toContain('latchkey_http_requests_total{method="GET",route="/v1/devices/{uuid}",status="401"} 2');
  expect(lines).toContain('latchkey_http_request_duration_seconds_count{method="GET",route="/v1/devices/{uuid}"} 2');
  expect(lines).toContain('latchkey_http_request_duration_seconds_bucket{method="GET",route="/v1/devices/{uuid}",le="+Inf"} 2');
  expect(lines).toContain('# TYPE latchkey_http_request_duration_seconds histogram');
  expect(lines.some((line) => /^latchkey_http_connections [1-9]/.test(line))).toBe(true);
  expect(lines.some((line) => line.startsWith('process_resident_memory_bytes '))).toBe(true);
  // Each name is described once, as the format has it.
  const described = lines.filter((line) => line.startsWith('# TYPE '));
  expect(new Set(described).size).toBe(described.length);
});

test('metrics from elsewhere take a token that may read them', async () => {
  const from = { 'X-Forwarded-For': '192.0.2.1' };
  expectProblem(await ask(running.port, 'GET', '/metrics', { headers: from }), 'unauthorized');
  const { secret: factory } = await running.enroll('factory');
  expectProblem(await ask(running.port, 'GET', '/metrics', { headers: from, token: factory }), 'forbidden');
  const { secret: technician } = await running.enroll('technician');
  expect((await ask(running.port, 'GET', '/metrics', { headers: from, token: technician })).status).toBe(200);
});

test('the server serves the OpenAPI document that the route table makes', async () => {
  const reply = await ask(running.port, 'GET', '/openapi.json');
  expect(JSON.parse(reply.body)).toEqual(openApiDocument());
});

type Json = { [name: string]: Json } & Json[];

test('the document is whole: every reference leads somewhere, every path parameter is declared, every id is one’s own', () => {
  const text = JSON.stringify(openApiDocument());
  expect(JSON.stringify(openApiDocument())).toBe(text);
  const document = JSON.parse(text) as Json;
  const references = [...text.matchAll(/"\$ref":"#\/([^"]+)"/g)].map((match) => match[1]!);
  expect(references.length).toBeGreaterThan(50);
  for (const reference of references) {
    const target = reference.split('/').reduce<Json | undefined>((at, name) => at?.[name], document);
    expect(target, reference).toBeDefined();
  }
  const ids: unknown[] = [];
  for (const [path, methods] of Object.entries(document['paths']!)) {
    for (const operation of Object.values(methods)) {
      ids.push(operation['operationId']);
      const declared = [...(operation['parameters'] ?? [])].filter((parameter) => (parameter['in'] as unknown) === 'path').map((parameter) => parameter['name']);
      expect(declared).toEqual([...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1]));
      expect(Object.keys(operation['responses']!)).toContain('default');
    }
  }
  expect(new Set(ids).size).toBe(ids.length);
});

test('every POST that changes something takes an Idempotency-Key', () => {
  const without = Object.entries<Route>(routes).filter(([, route]) => route.method === 'POST' && route.idempotent === undefined);
  expect(without.map(([name]) => name)).toEqual(['revealIdentities', 'checkChunk', 'compareDevice', 'verifyDevice', 'searchOffers', 'nearbyNetworks']);
});
