import type { Worker, WorkerOptions } from './worker.ts';

/** As startWorker of worker.ts, which is loaded only where there is to be a worker: most commands have none. */
export async function startWorker(options: WorkerOptions): Promise<Worker> {
  const { startWorker: start } = await import('./worker.ts');
  return start(options);
}
