import type { TaskWork } from '../platform/workers/task.ts';
import { drawPdf } from './pdf.ts';
import type { Drawing } from './tasks.ts';

export const run: TaskWork<Drawing, Uint8Array> = ({ document, at, ...assets }) =>
  drawPdf(document, assets, Temporal.Instant.from(at));
