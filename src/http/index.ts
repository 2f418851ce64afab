/** What other modules may import of http; everything else in this folder is its own. */

export type { Readiness } from './health/readiness.ts';
export type { HttpServer } from './serve/server.ts';
export { openApiDocument } from './document/openapi.ts';
export { explainListenError, refuseSecond } from './serve/listen.ts';
export { startApi } from './start.ts';
export { openMetrics } from './health/metrics.ts';
export { startMetricsServer } from './health/metrics-server.ts';
export { usualMetricsPort } from './health/metrics-server.ts';
export { openReadiness } from './health/readiness.ts';
export { httpSettings } from './settings.ts';
