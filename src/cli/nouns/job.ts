import { program as everything } from '../../modules.ts';
import { type Command, InvalidArgumentError } from 'commander';
import type { JobFilter, JobRow, JobState } from '../../jobs/jobs.ts';
import { ArcadiaError } from '../../platform/errors.ts';
import { addCommand, withSession } from '../engine/command.ts';
import { openSessionJobs, parseJobArguments } from '../engine/jobs-session.ts';
import { operator } from '../engine/operator.ts';
import { type Column, fields, moment, plural } from '../engine/output.ts';

const states: readonly JobState[] = ['waiting', 'scheduled', 'running', 'completed', 'cancelled', 'dead'];

interface FilterOptions {
  readonly queue?: string;
  readonly job?: string;
  readonly state?: JobState;
  readonly args?: string;
}

export function addJobCommands(program: Command): void {
  const job = program
    .command('job')
    .summary('work that runs by itself')
    .description('Work that runs by itself: see, retry, cancel, run.');

  withFilter(
    addCommand(job, 'list', {
      summary: 'jobs, the newest first',
      details: `States: ${states.join(', ')}. A dead job has failed as often as it may.`,
      example: `
$ arcadia job list --state dead
ID                                    QUEUE            JOB             ARGUMENTS            STATE  ATTEMPT  REASON
0196f1a2-...                          cloud_sync_full  sync_resources  {"account":"acme"}   dead   3 of 3   no route to host`,
    }),
  )
    .option('--limit <n>', 'how many at most', wholeNumber, 100)
    .action(
      withSession(async (session, options: FilterOptions & { limit: number }) => {
        const jobs = await openSessionJobs(session, everything);
        await session.output.list(await jobs.list(filterOf(options), options.limit), columns, 'No job is like that.');
      }),
    );

  addCommand(job, 'show', {
    summary: 'one job',
    example: `
$ arcadia job show 0196f1a2-7c55-7d9e-8d3a-0a7e4b1c2d3e
id        0196f1a2-7c55-7d9e-8d3a-0a7e4b1c2d3e
job       meter_day
state     completed`,
  })
    .argument('<id>')
    .action(
      withSession(async (session, id: string) => {
        const row = await (await openSessionJobs(session, everything)).show(uuid(id));
        if (session.output.json) return session.output.value(row);
        await session.output.text(
          fields([
            ['id', row.id],
            ['queue', row.queue],
            ['job', row.job],
            ['arguments', JSON.stringify(row.arguments)],
            ['state', row.state],
            ['attempt', `${row.attempt} of ${row.attemptsMax}`],
            ['enqueued', moment(row.createdAt)],
            ['not before', moment(row.runAfter)],
            ['started', moment(row.startedAt)],
            ['ended', moment(row.endedAt)],
            ['reason', row.reason],
          ]),
        );
      }),
    );

  withFilter(
    addCommand(job, 'retry', {
      summary: 'run dead and cancelled jobs again, one or all that match',
      details: 'They get all their attempts anew. Where the same job waits already, that one will do.',
      example: `
$ arcadia job retry --queue cloud_sync_full --state dead
2 jobs will run again.`,
    }),
  )
    .argument('[id]')
    .action(
      withSession(async (session, id: string | undefined, options: FilterOptions) => {
        const retried = await (await openSessionJobs(session, everything)).retry(chosen(id, options));
        if (session.output.json) return session.output.value({ retried });
        await session.output.text(`${plural(retried, 'job')} will run again.`);
      }),
    );

  withFilter(
    addCommand(job, 'cancel', {
      summary: 'end what waits or runs, one or all that match',
      details: 'A running job is told to stop, and nothing that it has not yet committed is stored.',
      example: `
$ arcadia job cancel --job sync_resources --args '{"account": "acme"}'
1 job was cancelled.`,
    }),
  )
    .argument('[id]')
    .option('--reason <text>', 'for the record')
    .action(
      withSession(async (session, id: string | undefined, options: FilterOptions & { reason?: string }) => {
        const reason = options.reason ?? `cancelled by ${operator()}`;
        const cancelled = await (await openSessionJobs(session, everything)).cancel(chosen(id, options), reason);
        if (session.output.json) return session.output.value({ cancelled });
        await session.output.text(`${plural(cancelled, 'job was', 'jobs were')} cancelled.`);
      }),
    );

  addCommand(job, 'run', {
    summary: 'run a job now',
    details: 'Enqueues it; where the same one waits, it runs now instead of later.',
    example: `
$ arcadia job run sync_resources --args '{"account": "acme"}'
sync_resources is enqueued as 0196f1a2-7c55-7d9e-8d3a-0a7e4b1c2d3e.`,
  })
    .argument('<name>', 'of the job; a wrong one lists them all')
    .option('--args <json>', "the job's arguments")
    .action(
      withSession(async (session, name: string, options: { args?: string }) => {
        const run = await (await openSessionJobs(session, everything)).runNow(
          name,
          parseJobArguments(options.args ?? '{}'),
        );
        if (session.output.json) return session.output.value(run);
        await session.output.text(
          run.enqueued ? `${name} is enqueued as ${run.id}.` : `${name} was there already, as ${run.id}, and runs now.`,
        );
      }),
    );
}

function withFilter(command: Command): Command {
  return command
    .option('--queue <queue>', 'only of this queue')
    .option('--job <name>', 'only of this name')
    .option('--state <state>', `only in this state: ${states.join(', ')}`, state)
    .option('--args <json>', 'only with these arguments');
}

function filterOf(options: FilterOptions): JobFilter {
  return {
    ...(options.queue !== undefined && { queue: options.queue }),
    ...(options.job !== undefined && { job: options.job }),
    ...(options.state !== undefined && { states: [options.state] }),
    ...(options.args !== undefined && { arguments: parseJobArguments(options.args) }),
  };
}

/** One job by its id, or all that match; never every job there is for want of a filter. */
function chosen(id: string | undefined, options: FilterOptions): JobFilter {
  const filter = filterOf(options);
  if (id !== undefined) return { ...filter, ids: [uuid(id)] };
  if (Object.keys(filter).length > 0) return filter;
  throw new ArcadiaError(
    'invalid_argument',
    'Which job? Give its id, or --queue, --job, --state or --args for all that match.',
  );
}

function uuid(text: string): string {
  if (/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text)) return text;
  throw new ArcadiaError('not_found', `There is no job ${text}.`);
}

function state(text: string): JobState {
  const found = states.find((one) => one === text);
  if (found === undefined) throw new InvalidArgumentError(`It is one of ${states.join(', ')}.`);
  return found;
}

function wholeNumber(text: string): number {
  if (!/^[1-9]\d{0,4}$/.test(text)) throw new InvalidArgumentError('It is a whole number from 1 to 99999.');
  return Number(text);
}

const columns: readonly Column<JobRow>[] = [
  { header: 'id', value: (row) => row.id },
  { header: 'queue', value: (row) => row.queue },
  { header: 'job', value: (row) => row.job },
  { header: 'arguments', value: (row) => JSON.stringify(row.arguments) },
  { header: 'state', value: (row) => row.state },
  { header: 'attempt', value: (row) => `${row.attempt} of ${row.attemptsMax}` },
  { header: 'enqueued', value: (row) => moment(row.createdAt) },
  { header: 'reason', value: (row) => row.reason },
];
