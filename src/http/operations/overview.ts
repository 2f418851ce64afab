import { z } from 'zod';
import { monthFiguresOut, ok, readMonthFigures, section } from '../../flows/index.ts';
import { readQueueLoad } from '../../jobs/index.ts';
import type { Queryable } from '../../platform/database/database.ts';
import { inSnapshot } from '../../platform/database/in-snapshot.ts';
import { declareOperation, type Operation, type OperationCall, staff } from '../../platform/declare/operation.ts';
import { month } from '../../platform/declare/schemas.ts';

// A month at a glance, as one document for a first page: its figures, and what the queues do, of which flows know nothing.

const overview = monthFiguresOut
  .extend({
    jobs: section({
      dead: z.int(),
      oldestWaitingSeconds: z.int(),
      pausedQueues: z.array(z.string()),
    }),
  })
  .meta({ id: 'Overview', description: 'A month at a glance' });

type Overview = z.input<typeof overview>;

const getOverview = declareOperation({
  method: 'GET',
  path: '/overview',
  name: 'overview figures',
  operationId: 'getOverview',
  tag: 'invoices',
  summary: 'A month at a glance: money by day, what is unassigned, and what needs attention',
  description: `What the month comes to was rated by a job every ten minutes, where anything had changed, by the function that composes
invoices; \`asOf\` says when. All else is as of now. What is not known is null, and a section says why.`,
  roles: staff,
  query: z.object({ month: month.optional().meta({ description: 'The month of the last complete day unless given' }) }),
  response: overview,
  async run(call) {
    const { db, now, query, principal } = call;
    const lastDay = now.toZonedDateTimeISO('UTC').toPlainDate().subtract({ days: 1 });
    const of = query.month ?? lastDay.with({ day: 1 });
    // All of it as of one instant, and in one transaction: each statement of its own would take three messages.
    return inSnapshot(db, async (trx) => ({
      ...(await readMonthFigures({ db: trx, now, role: principal.role }, of)),
      jobs: await jobsOf(trx, call),
    }));
  },
});

async function jobsOf(
  db: Queryable,
  { now, program }: Pick<OperationCall, 'now' | 'program'>,
): Promise<Overview['jobs']> {
  const queues = await readQueueLoad(db, program.queues);
  return {
    ...ok(now),
    dead: queues.reduce((sum, { dead }) => sum + dead, 0),
    oldestWaitingSeconds: Math.round(Math.max(0, ...queues.map(({ paused, lagSeconds }) => (paused ? 0 : lagSeconds)))),
    pausedQueues: queues.flatMap(({ queue, paused }) => (paused ? [queue] : [])),
  };
}

export const overviewOperations: readonly Operation[] = [getOverview];
