import { context, diag, DiagLogLevel, propagation, trace } from '@opentelemetry/api';
import { ArcadiaError } from './errors.ts';
import type { Logger } from './log.ts';

// Spans are made everywhere with OpenTelemetry's API, and cost next to nothing until somebody takes
// them: that is decided here, by OpenTelemetry's own environment variables.

export interface Tracing {
  /** Sends what is left; spans go nowhere from then on. */
  close(): Promise<void>;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Has an operator named a place to send spans to? */
export function isTracingAsked(env: Environment): boolean {
  if (env.OTEL_SDK_DISABLED?.toLowerCase() === 'true') return false;
  const exporter = env.OTEL_TRACES_EXPORTER?.toLowerCase();
  if (exporter === 'none') return false;
  return Boolean(exporter || env.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT || env.OTEL_EXPORTER_OTLP_ENDPOINT);
}

/**
 * Sends spans to an OTLP collector over HTTP when the environment says where, and carries traces as
 * W3C `traceparent`. What else the variables say (name, attributes, sampler, batches, headers,
 * timeouts) OpenTelemetry reads itself. Null: nobody asked, and nothing is loaded.
 * Errors: invalid_config for an exporter or a protocol other than OTLP over HTTP.
 */
export async function startTracing(env: Environment, log: Logger): Promise<Tracing | null> {
  if (!isTracingAsked(env)) return null;
  assertSupported(env);
  diag.setLogger(
    {
      error: (message) => log.warn({ part: 'tracing' }, message),
      warn: (message) => log.warn({ part: 'tracing' }, message),
      info: () => {},
      debug: () => {},
      verbose: () => {},
    },
    { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true },
  );
  // A quarter of a second to load, for those who use it.
  const [{ BatchSpanProcessor, NodeTracerProvider }, { OTLPTraceExporter }, resources] = await Promise.all([
    import('@opentelemetry/sdk-trace-node'),
    import('@opentelemetry/exporter-trace-otlp-http'),
    import('@opentelemetry/resources'),
  ]);
  const said = resources.detectResources({ detectors: [resources.envDetector] });
  const resource = resources.resourceFromAttributes({ 'service.name': 'arcadia-cloud' }).merge(said);
  const provider = new NodeTracerProvider({
    resource,
    spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter())],
  });
  provider.register();
  return {
    async close() {
      await provider.shutdown().catch((error: unknown) => log.warn({ err: error }, 'the last spans were not sent'));
      for (const part of [trace, context, propagation, diag]) part.disable();
    },
  };
}

function assertSupported(env: Environment): void {
  const exporter = env.OTEL_TRACES_EXPORTER?.toLowerCase() || 'otlp';
  if (exporter !== 'otlp')
    throw new ArcadiaError('invalid_config', `OTEL_TRACES_EXPORTER: ${exporter} is not allowed. Allowed: otlp, none.`);
  const protocol = env.OTEL_EXPORTER_OTLP_TRACES_PROTOCOL || env.OTEL_EXPORTER_OTLP_PROTOCOL || 'http/json';
  if (protocol === 'grpc')
    throw new ArcadiaError(
      'invalid_config',
      'OTEL_EXPORTER_OTLP_PROTOCOL: grpc is not allowed. Spans go to the collector over HTTP (http/json; port 4318).',
    );
}
