import { expect, test } from 'vitest';
import { createLog } from './log.ts';
import { isTracingAsked, startTracing } from './tracing.ts';

const log = createLog({ level: 'silent', format: 'json' });

test.each([
  [{}, false],
  [{ OTEL_SERVICE_NAME: 'a' }, false],
  [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:4318' }, true],
  [{ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://127.0.0.1:4318/v1/traces' }, true],
  [{ OTEL_TRACES_EXPORTER: 'otlp' }, true],
  [{ OTEL_TRACES_EXPORTER: 'none', OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:4318' }, false],
  [{ OTEL_SDK_DISABLED: 'true', OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:4318' }, false],
])('with %j spans are sent: %s', (env, asked) => {
  expect(isTracingAsked(env)).toBe(asked);
});

test('what we cannot do is said', async () => {
  await expect(startTracing({ OTEL_TRACES_EXPORTER: 'zipkin' }, log)).rejects.toMatchObject({ code: 'invalid_config' });
  const grpc = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:4317', OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' };
  await expect(startTracing(grpc, log)).rejects.toThrow('over HTTP');
});

test('nothing is loaded when nobody asked', async () => {
  expect(await startTracing({}, log)).toBeNull();
});
