import { context, propagation, trace } from '@opentelemetry/api';
import { InMemorySpanExporter, NodeTracerProvider, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-node';

/** Takes the spans of this process until it is closed: there is one place for them, and other tests follow in it. */
export function takeSpans() {
  const exporter = new InMemorySpanExporter();
  new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }).register();
  return {
    finished: () => exporter.getFinishedSpans(),
    close: () => [trace, context, propagation].forEach((part) => part.disable()),
  };
}
