import { expect, test } from 'vitest';
import { z } from 'zod';
import { declareError } from '../errors.ts';
import { declareJob, type JobDeclaration, referToJob } from './job.ts';
import { declareModule, type Module } from './module.ts';
import { declareOperation, type Operation } from './operation.ts';
import { collectProgram } from './program.ts';

const operation = (part: Partial<{ name: string; operationId: string; path: string; tag: string }> = {}): Operation =>
  declareOperation({
    method: 'GET',
    path: '/things/:thing',
    name: 'thing show',
    operationId: 'getThing',
    tag: 'things',
    summary: 'A thing',
    roles: ['owner'],
    params: z.object({ thing: z.string() }),
    async run() {},
    ...part,
  });

const job = (part: Partial<JobDeclaration> = {}): JobDeclaration =>
  declareJob({
    name: 'count',
    queue: 'counting',
    title: 'Counts things',
    arguments: z.object({}),
    timeoutSeconds: 60,
    attemptsMax: 1,
    async run() {},
    ...part,
  });

const things = declareModule({
  name: 'things',
  tags: [{ name: 'things', description: 'What there is.' }],
  operations: [operation()],
  jobs: [job()],
  queues: [{ name: 'counting', limit: 2, position: 20 }],
  schedule: [{ name: 'counts', cron: '0 * * * *', job: job(), arguments: {} }],
  events: [{ type: 'thing.changed', subject: 'thing', describes: 'it was edited', reads: ['getThing'] }],
  errors: [declareError({ code: 'thing_lost', status: 409, todo: 'Look for it.' })],
});

test('what the modules declare comes together, in their order; queues by their position', () => {
  const others = declareModule({
    name: 'others',
    operations: [operation({ name: 'thing list', operationId: 'listThings', path: '/things' })],
    jobs: [job({ name: 'recount', followedBy: [referToJob('count')] })],
    queues: [{ name: 'first', limit: 1, exclusive: true, position: 10 }],
  });
  const program = collectProgram([things, others]);
  expect(program.operations.map(({ name }) => name)).toEqual(['thing show', 'thing list']);
  expect(program.jobs.map(({ name }) => name)).toEqual(['count', 'recount']);
  expect(program.queues.map(({ name }) => name)).toEqual(['first', 'counting']);
  expect(program.events.map(({ type }) => type)).toEqual(['thing.changed']);
  expect(program.errors.map(({ code }) => code)).toEqual(expect.arrayContaining(['not_found', 'thing_lost']));
});

const refused: readonly (readonly [what: string, other: Omit<Module, 'name'>, message: string])[] = [
  ['an operation', { operations: [operation({ operationId: 'x', path: '/x' })] }, 'the operation "thing show"'],
  ['an operationId', { operations: [operation({ name: 'x', path: '/x' })] }, 'the operationId "getThing"'],
  [
    'a method and path, whatever its parameter is called',
    { operations: [operation({ name: 'x', operationId: 'x', path: '/things/:id' })] },
    'the method and path "GET /things/:"',
  ],
  ['a tag', { tags: [{ name: 'things', description: '' }] }, 'the tag "things"'],
  ['a job', { jobs: [job()] }, 'the job "count"'],
  ['a queue', { queues: [{ name: 'counting', limit: 1, position: 1 }] }, 'the queue "counting"'],
  ['a place among queues', { queues: [{ name: 'x', limit: 1, position: 20 }] }, 'the position of a queue "20"'],
  [
    'a schedule entry',
    { schedule: [{ name: 'counts', cron: '1 * * * *', job: job(), arguments: {} }] },
    'the schedule entry "counts"',
  ],
  [
    'an event',
    { events: [{ type: 'thing.changed', subject: '', describes: '', reads: [] }] },
    'the event "thing.changed"',
  ],
  [
    'an error code',
    { errors: [declareError({ code: 'thing_lost', status: 400, todo: '' })] },
    'the error code "thing_lost"',
  ],
  [
    "an error code of the platform's",
    { errors: [declareError({ code: 'conflict', status: 400, todo: '' })] },
    'the error code "conflict"',
  ],
];

test.each(refused)('%s is declared once', (_, other, message) => {
  const modules = () => collectProgram([things, { ...other, name: 'others' }]);
  expect(modules).toThrow(message);
});

test('an event is for whoever may ask one of the GETs that it names', () => {
  const read = (id: string, roles: Operation['roles']): Operation => ({
    ...operation({ name: id, operationId: id, path: `/${id}` }),
    roles,
  });
  const others = declareModule({
    name: 'others',
    operations: [read('one', ['owner', 'finance']), read('two', ['viewer', 'owner'])],
    events: [{ type: 'other.changed', subject: '', describes: '', reads: ['one', 'two'] }],
  });
  const events = collectProgram([things, others]).events;
  expect(events.map(({ type, roles }) => [type, roles])).toEqual([
    ['thing.changed', ['owner']],
    ['other.changed', ['owner', 'finance', 'viewer']],
  ]);
});

test('a module is listed once', () => {
  expect(() => collectProgram([things, things])).toThrow('the module "things"');
});

const dangling: readonly (readonly [what: string, other: Omit<Module, 'name'>, message: string])[] = [
  [
    'an operation under a tag',
    { operations: [operation({ name: 'x', operationId: 'x', path: '/x', tag: 'nothing' })] },
    'The operation "x" names the tag "nothing", which no module declares.',
  ],
  ['a job on a queue', { jobs: [job({ name: 'x', queue: 'nowhere' })] }, 'The job "x" names the queue "nowhere"'],
  [
    'a job that is followed by another',
    { jobs: [job({ name: 'x', followedBy: [referToJob('nothing')] })] },
    'The job "x" names the job "nothing"',
  ],
  [
    'a schedule entry of a job',
    { schedule: [{ name: 'x', cron: '1 * * * *', job: job({ name: 'nothing' }), arguments: {} }] },
    'The schedule entry "x" names the job "nothing"',
  ],
  [
    'an event of a GET',
    { events: [{ type: 'x', subject: '', describes: '', reads: ['getThing', 'nothing'] }] },
    'The event "x" names the GET "nothing"',
  ],
];

test.each(dangling)('%s that no module declares is refused', (_, other, message) => {
  expect(() => collectProgram([things, { ...other, name: 'others' }])).toThrow(message);
});
