import { program as everything } from '../../modules.ts';
import { type Command, InvalidArgumentError } from 'commander';
import type { QueueStatus } from '../../jobs/jobs.ts';
import { addCommand, withSession } from '../engine/command.ts';
import { openSessionJobs } from '../engine/jobs-session.ts';
import { type Column, count } from '../engine/output.ts';
import type { Session } from '../engine/session.ts';

interface WorkerOption {
  readonly worker?: string;
}

export function addQueueCommands(program: Command): void {
  const queue = program
    .command('queue')
    .summary('where jobs wait')
    .description('Where jobs wait: see, pause, resume, scale.');

  addCommand(queue, 'list', {
    summary: 'queues with what waits and runs',
    example: `
$ arcadia queue list
QUEUE            LIMIT  RUNNING  WAITING  SCHEDULED  DEAD  PAUSED
cloud_sync_fast      5        2        0          0     0  no`,
  }).action(
    withSession(async (session) => {
      await session.output.list(await (await openSessionJobs(session, everything)).queues(), columns, 'No queues.');
    }),
  );

  const named = (command: Command) =>
    command.argument('<queue>').option('--worker <name>', 'only on the worker of this name, instead of all of them');
  const onWhom = ({ worker }: WorkerOption) => (worker === undefined ? 'on all workers' : `on worker ${worker}`);

  named(
    addCommand(queue, 'pause', {
      summary: 'start no more jobs of a queue; what runs goes on',
      details: 'Running workers follow at once, and it is remembered until the queue is resumed.',
      example: `
$ arcadia queue pause metering
metering is paused on all workers.`,
    }),
  ).action(
    withSession(async (session, name: string, options: WorkerOption) => {
      await control(session, name, { paused: true, ...options }, `${name} is paused ${onWhom(options)}.`);
    }),
  );

  named(
    addCommand(queue, 'resume', {
      summary: 'start jobs of a paused queue again',
      example: `
$ arcadia queue resume metering
metering is resumed on all workers.`,
    }),
  ).action(
    withSession(async (session, name: string, options: WorkerOption) => {
      await control(session, name, { paused: false, ...options }, `${name} is resumed ${onWhom(options)}.`);
    }),
  );

  named(
    addCommand(queue, 'scale', {
      summary: 'how many jobs of a queue one process runs at a time',
      details: 'Running workers follow at once, and it is remembered.',
      example: `
$ arcadia queue scale metering 4 --worker big-host
metering runs up to 4 at a time on worker big-host.`,
    }),
  )
    .argument('<limit>', 'a whole number; 0 runs none', limit)
    .action(
      withSession(async (session, name: string, most: number, options: WorkerOption) => {
        await control(
          session,
          name,
          { limit: most, ...options },
          `${name} runs up to ${most} at a time ${onWhom(options)}.`,
        );
      }),
    );
}

async function control(
  session: Session,
  name: string,
  change: { paused?: boolean; limit?: number; worker?: string; json?: boolean },
  done: string,
): Promise<void> {
  const jobs = await openSessionJobs(session, everything);
  const { paused, limit: most, worker } = change;
  await jobs.control(name, {
    ...(paused !== undefined && { paused }),
    ...(most !== undefined && { limit: most }),
    ...(worker !== undefined && { worker }),
  });
  if (!session.output.json) return session.output.text(done);
  await session.output.value((await jobs.queues()).find((status) => status.queue === name));
}

function limit(text: string): number {
  if (!/^\d{1,4}$/.test(text)) throw new InvalidArgumentError('It is a whole number from 0 to 1000.');
  return Number(text);
}

const columns: readonly Column<QueueStatus>[] = [
  { header: 'queue', value: (row) => row.queue },
  { header: 'limit', value: (row) => (row.exclusive ? `${row.limit} in all` : count(row.limit)), align: 'right' },
  { header: 'running', value: (row) => count(row.running), align: 'right' },
  { header: 'waiting', value: (row) => count(row.waiting), align: 'right' },
  { header: 'scheduled', value: (row) => count(row.scheduled), align: 'right' },
  { header: 'dead', value: (row) => count(row.dead), align: 'right' },
  { header: 'paused', value: (row) => (row.paused ? 'yes' : 'no') },
  {
    header: 'elsewhere',
    value: (row) =>
      row.workers.map(({ worker, limit: most, paused }) => `${worker}: ${paused ? 'paused' : most}`).join(', ') || null,
  },
];
