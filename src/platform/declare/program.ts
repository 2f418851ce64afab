import { type ErrorDeclaration, platformErrors } from '../errors.ts';
import type { IntakeDeclaration } from './intake.ts';
import { type JobDeclaration, jobName } from './job.ts';
import type { EventDeclaration, Module, QueueDeclaration, ScheduleDeclaration, Tag } from './module.ts';
import { type Operation, type Role, roleNames } from './operation.ts';
import type { ModuleSettings } from './settings.ts';

// What all modules declare, together. `src/modules.ts` collects it once; it reaches the surfaces as a
// value, so that none of them imports the modules.

/** An event, and which of our own people receive it: the roles of the operations that it names. */
export interface ProgramEvent extends EventDeclaration {
  readonly roles: readonly Role[];
}

export interface Program {
  /** Those of one module stand together, in the order of the modules. So do tags, jobs, schedule, events and errors. */
  readonly operations: readonly Operation[];
  readonly intakes: readonly IntakeDeclaration[];
  readonly tags: readonly Tag[];
  readonly jobs: readonly JobDeclaration[];
  /** By their position. */
  readonly queues: readonly QueueDeclaration[];
  readonly schedule: readonly ScheduleDeclaration[];
  readonly events: readonly ProgramEvent[];
  /** Those of the platform's catalogue first. */
  readonly errors: readonly ErrorDeclaration[];
  /** Of the modules; the platform's own are loadConfig's. */
  readonly settings: readonly ModuleSettings[];
}

/**
 * The program that these modules make. Throws where two declare the same, and where one refers to what
 * none declares: a defect of the modules, which their author meets when the program starts.
 */
export function collectProgram(modules: readonly Module[]): Program {
  assertUnique(
    'module',
    modules.map(({ name }) => name),
  );
  const operations = modules.flatMap((module) => module.operations ?? []);
  const program: Program = {
    operations,
    intakes: modules.flatMap(({ intakes = [] }) => intakes),
    tags: modules.flatMap(({ tags = [] }) => tags),
    jobs: modules.flatMap(({ jobs = [] }) => jobs),
    queues: modules.flatMap(({ queues = [] }) => queues).toSorted((a, b) => a.position - b.position),
    schedule: modules.flatMap(({ schedule = [] }) => schedule),
    events: modules.flatMap(({ events = [] }) => events.map((event) => withRoles(event, operations))),
    errors: [...platformErrors, ...modules.flatMap(({ errors = [] }) => errors.map((kind) => kind.declaration))],
    settings: modules.flatMap(({ settings }) => (settings === undefined ? [] : [settings])),
  };
  assertNamesUnique(program);
  assertNamesKnown(program);
  return program;
}

function withRoles(event: EventDeclaration, operations: readonly Operation[]): ProgramEvent {
  const reads = event.reads.map((id) => {
    const read = operations.find(({ operationId, method = 'GET' }) => operationId === id && method === 'GET');
    if (read === undefined)
      throw new Error(`The event "${event.type}" names the GET "${id}", which no module declares.`);
    return read;
  });
  return { ...event, roles: roleNames.filter((role) => reads.some(({ roles }) => roles.includes(role))) };
}

function assertNamesUnique({
  operations,
  intakes,
  tags,
  jobs,
  queues,
  schedule,
  events,
  errors,
  settings,
}: Program): void {
  assertUnique(
    'operation',
    operations.map(({ name }) => name),
  );
  assertUnique(
    'operationId',
    operations.map(({ operationId }) => operationId),
  );
  // A path may name its parameter otherwise in another module; it is the same path to a router.
  assertUnique(
    'method and path',
    [...operations, ...intakes.flatMap(({ paths }) => paths.map((path) => ({ method: 'POST', path })))].map(
      ({ method = 'GET', path }) => `${method} ${path.replaceAll(/:\w+/g, ':')}`,
    ),
  );
  assertUnique(
    'tag',
    tags.map(({ name }) => name),
  );
  assertUnique(
    'job',
    jobs.map(({ name }) => name),
  );
  assertUnique(
    'queue',
    queues.map(({ name }) => name),
  );
  assertUnique(
    'position of a queue',
    queues.map(({ position }) => String(position)),
  );
  assertUnique(
    'schedule entry',
    schedule.map(({ name }) => name),
  );
  assertUnique(
    'event',
    events.map(({ type }) => type),
  );
  assertUnique(
    'error code',
    errors.map(({ code }) => code),
  );
  assertUnique(
    'setting',
    settings.flatMap((each) => Object.keys(each.settings)),
  );
}

function assertNamesKnown({ operations, tags, jobs, queues, schedule }: Program): void {
  const tagNames = tags.map(({ name }) => name);
  for (const { name, tag } of operations) assertKnown(`operation "${name}"`, 'tag', tag, tagNames);
  const queueNames = queues.map(({ name }) => name);
  const jobNames = jobs.map(({ name }) => name);
  for (const { name, queue, followedBy = [] } of jobs) {
    assertKnown(`job "${name}"`, 'queue', queue, queueNames);
    for (const next of followedBy) assertKnown(`job "${name}"`, 'job', jobName(next), jobNames);
  }
  for (const operation of operations) {
    if (operation.shape !== 'action') continue;
    for (const next of operation.followedBy ?? [])
      assertKnown(`operation "${operation.name}"`, 'job', next.name, jobNames);
  }
  for (const { name, job } of schedule) assertKnown(`schedule entry "${name}"`, 'job', job.name, jobNames);
}

function assertUnique(what: string, names: readonly string[]): void {
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw new Error(`Two modules declare the ${what} "${twice}", or one declares it twice.`);
}

function assertKnown(who: string, what: string, name: string, known: readonly string[]): void {
  if (!known.includes(name)) throw new Error(`The ${who} names the ${what} "${name}", which no module declares.`);
}
