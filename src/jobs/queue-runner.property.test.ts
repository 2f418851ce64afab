import { soakRuns } from '../../test/soak.ts';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { QueueRunner } from './queue-runner.ts';

// A queue in memory whose claims and jobs end when the generated script says so.

type Step =
  | { readonly step: 'enqueue'; readonly jobs: number }
  | { readonly step: 'answer claim' }
  | { readonly step: 'fail claim' }
  | { readonly step: 'end job'; readonly which: number }
  | { readonly step: 'control'; readonly limit: number; readonly paused: boolean };

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    fc.record({ step: fc.constant('enqueue' as const), jobs: fc.integer({ min: 1, max: 10 }) }),
    fc.record({ step: fc.constant('answer claim' as const) }),
    fc.record({ step: fc.constant('fail claim' as const) }),
    fc.record({ step: fc.constant('end job' as const), which: fc.nat(20) }),
    fc.record({ step: fc.constant('control' as const), limit: fc.integer({ min: 0, max: 8 }), paused: fc.boolean() }),
  ),
  { maxLength: 60 },
);

/** Lets everything that is ready run: microtasks of any depth. */
const settle = () => new Promise<void>((resolve) => setImmediate(resolve));

class Script {
  readonly runner: QueueRunner<number>;
  queued: number[] = [];
  readonly done: number[] = [];
  readonly open = new Map<number, () => void>();
  claim: { count: number; resolve: (jobs: number[]) => void; reject: (error: Error) => void } | null = null;
  concurrentClaims = 0;
  next = 0;

  constructor(limit: number) {
    this.runner = new QueueRunner<number>({
      limit,
      paused: false,
      claim: (count) => {
        if (this.claim !== null) this.concurrentClaims += 1;
        return new Promise((resolve, reject) => {
          this.claim = { count, resolve, reject };
        });
      },
      run: (job) =>
        new Promise((resolve) => {
          this.open.set(job, resolve);
        }),
      onClaimError: () => {},
    });
  }

  answer(): void {
    const claim = this.claim;
    this.claim = null;
    claim?.resolve(this.queued.splice(0, claim.count));
  }

  end(job: number): void {
    this.done.push(job);
    this.open.get(job)?.();
    this.open.delete(job);
  }
}

test('whatever happens in whatever order, no more runs than the largest limit since the last idle slot, and every job runs once', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 8 }), steps, async (limit, script) => {
      const queue = new Script(limit);
      let allowed = limit;
      for (const step of script) {
        if (step.step === 'enqueue') {
          for (let n = 0; n < step.jobs; n += 1) queue.queued.push(queue.next++);
          queue.runner.wake();
        } else if (step.step === 'answer claim') queue.answer();
        else if (step.step === 'fail claim') {
          queue.claim?.reject(new Error('the database went away'));
          queue.claim = null;
        } else if (step.step === 'end job') {
          const jobs = [...queue.open.keys()];
          const job = jobs[step.which % Math.max(1, jobs.length)];
          if (job !== undefined) queue.end(job);
        } else queue.runner.control(step);
        await settle();
        // A claim asked for under an earlier, higher limit may still be answered.
        if (step.step === 'control') allowed = Math.max(step.limit, queue.open.size + (queue.claim?.count ?? 0));
        expect(queue.open.size).toBeLessThanOrEqual(allowed);
        expect(queue.runner.running).toBe(queue.open.size);
      }
      // Resumed, every job runs to its end, once.
      queue.runner.control({ limit: 3, paused: false });
      for (let rounds = 0; rounds < 2000 && queue.done.length < queue.next; rounds += 1) {
        queue.runner.wake();
        await settle();
        queue.answer();
        await settle();
        const [job] = queue.open.keys();
        if (job !== undefined) queue.end(job);
      }
      expect(queue.done.toSorted((a, b) => a - b)).toEqual(Array.from({ length: queue.next }, (_, n) => n));
      expect(queue.concurrentClaims).toBe(0);
    }),
    { numRuns: soakRuns(200) },
  );
});

test('a drain waits for the claim under way and for what runs, and claims nothing more', async () => {
  const queue = new Script(2);
  queue.queued = [0, 1, 2];
  queue.runner.wake();
  await settle();
  let drained = false;
  const draining = queue.runner.drain().then(() => {
    drained = true;
  });
  queue.answer();
  await settle();
  expect([...queue.open.keys()]).toEqual([0, 1]);
  queue.end(0);
  await settle();
  expect(drained).toBe(false);
  queue.end(1);
  await draining;
  expect(queue.queued).toEqual([2]);
});
