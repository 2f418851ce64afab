import { controlQueue, listQueues } from '../../jobs/operations/queues.ts';
import { type Column, count } from '../engine/output.ts';
import { actionView, listView, type Noun, type RowOf, type ViewTools } from '../engine/views.ts';

type Queue = RowOf<typeof listQueues>;

const columns: readonly Column<Queue>[] = [
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
      row.workers.map(({ worker, limit, paused }) => `${worker}: ${paused ? 'paused' : limit}`).join(', ') || null,
  },
];

function whereText({ input }: ViewTools): string {
  const { worker } = input.body as { worker?: string };
  return worker === undefined ? 'on all workers' : `on worker ${worker}`;
}

function scaledText({ queue }: Queue, tools: ViewTools): string {
  const { limit } = tools.input.body as { limit: number };
  return `${queue}: concurrency ${limit}${limit === 0 ? ' (nothing will run)' : ''} ${whereText(tools)}.`;
}

export const queueNoun: Noun = {
  name: 'queue',
  summary: 'where jobs wait',
  description: 'Where jobs wait: see, pause, resume, scale.',
  views: [
    listView(listQueues, {
      example: `
$ arcadia queue list
QUEUE            LIMIT  RUNNING  WAITING  SCHEDULED  DEAD  PAUSED  ELSEWHERE
cloud_sync_fast      5        2        0          0     0  no      -`,
      columns,
    }),
    actionView(controlQueue, {
      name: 'queue pause',
      summary: 'start no more jobs of a queue; what runs goes on',
      details: 'Running workers follow at once. It stays paused until it is resumed.',
      example: `
$ arcadia queue pause metering
metering is paused on all workers.`,
      fixed: { paused: true, limit: undefined },
      text: ({ queue }, tools) => `${queue} is paused ${whereText(tools)}.`,
    }),
    actionView(controlQueue, {
      name: 'queue resume',
      summary: 'start jobs of a paused queue again',
      example: `
$ arcadia queue resume metering
metering is resumed on all workers.`,
      fixed: { paused: false, limit: undefined },
      text: ({ queue }, tools) => `${queue} is resumed ${whereText(tools)}.`,
    }),
    actionView(controlQueue, {
      name: 'queue scale',
      summary: 'how many jobs of a queue one process runs at a time',
      details: 'Running workers follow at once, and it is remembered.',
      example: `
$ arcadia queue scale metering 4 --worker big-host
metering: concurrency 4 on worker big-host.`,
      fixed: { paused: undefined },
      positional: ['queue', 'limit'],
      help: { limit: 'a whole number; with 0 nothing runs' },
      text: scaledText,
    }),
  ],
};
