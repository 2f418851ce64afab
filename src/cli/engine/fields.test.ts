import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import { declareOperation } from '../../platform/declare/operation.ts';
import { day, instant, slug } from '../../platform/declare/schemas.ts';
import { argumentsOf, readArguments } from './arguments-of.ts';
import { fieldsOf } from './fields.ts';
import { commandLine } from './next.ts';
import type { BoundView } from './views.ts';

const assign = declareOperation({
  method: 'POST',
  path: '/things/:thing/assign',
  name: 'thing assign',
  operationId: 'assignThing',
  tag: 'things',
  summary: 'Assign a thing',
  roles: ['owner'],
  params: z.object({ thing: slug }),
  query: z.object({ dryRun: z.boolean().default(false), changesMax: z.int().default(100) }),
  body: z.strictObject({
    owners: z.array(z.strictObject({ deployment: slug, weight: z.int().min(1).default(1) })).min(1),
    startsAt: instant.optional(),
    paused: z.boolean().optional(),
    note: z.string().nullable().default(null),
    labels: z.record(z.string(), z.string()).default({}),
    key: z.strictObject({ id: z.string(), secret: z.string() }).optional(),
  }),
  command: {
    positional: ['thing', 'owners'],
    flags: { startsAt: 'starts' },
    secrets: { 'key.secret': 'THING_SECRET' },
  },
  run: async () => undefined,
});
const view = { operation: assign };
const read = (args: readonly unknown[], options: Readonly<Record<string, unknown>>) =>
  readArguments(view, argumentsOf(view), args, options);

test('each value of the schemas is an argument, a flag, or a secret of the environment', () => {
  const { positional, flags, secrets } = argumentsOf(view);
  expect(positional.map(({ flag }) => flag)).toEqual(['thing', 'owners']);
  expect(flags.map(({ flag }) => flag)).toEqual([
    'dry-run',
    'changes-max',
    'starts',
    'paused',
    'note',
    'labels',
    'key-id',
  ]);
  expect(secrets.map(({ field, variable }) => `${field.flag} ${variable}`)).toEqual(['key-secret THING_SECRET']);
  expect(
    fieldsOf(assign)
      .filter(({ isRequired }) => isRequired)
      .map(({ flag }) => flag),
  ).toEqual(['thing', 'owners']);
});

test('what was typed becomes the values that the schemas read', async () => {
  const input = await read(['acme', ['a:2', 'b']], {
    dryRun: true,
    changesMax: ['5'],
    starts: ['2026-05-01'],
    paused: false,
    note: [''],
    labels: ['a=1', 'b=x=y'],
  });
  expect(input).toEqual({
    params: { thing: 'acme' },
    query: { dryRun: true, changesMax: 5 },
    body: {
      owners: [{ deployment: 'a', weight: 2 }, { deployment: 'b' }],
      startsAt: '2026-05-01T00:00:00Z',
      paused: false,
      note: null,
      labels: { a: '1', b: 'x=y' },
    },
  });
  expect(await read(['acme', ['a']], { changesMax: ['five'] })).toMatchObject({ query: { changesMax: 'five' } });
});

test('what has too many parts or is no pair is refused by its flag', async () => {
  await expect(read(['acme', ['a:1:2']], {})).rejects.toThrow('--owners "a:1:2" has too many parts');
  await expect(read(['acme', ['a']], { labels: ['a'] })).rejects.toThrow('--labels "a" is not name=value');
  const twice = read(['acme', ['a']], { labels: ['k=1', 'k=2'] });
  await expect(twice).rejects.toThrow('--labels gives k twice: 1 and 2.');
});

test('what a view fixes is no argument, and is always given', async () => {
  const paused = { operation: assign, fixed: { paused: true } };
  const bound = argumentsOf(paused);
  expect(bound.flags.map(({ flag }) => flag)).not.toContain('paused');
  expect(await readArguments(paused, bound, ['acme', ['a']], {})).toMatchObject({ body: { paused: true } });
});

test('an operation to use next is a command line that a shell reads back', () => {
  const next = { operation: 'thing assign', arguments: { thing: 'acme', note: "it's so", paused: false } };
  expect(commandLine(new Map([['thing assign', view]]), next)).toBe(
    `arcadia thing assign acme <owners> --no-paused --note 'it'\\''s so'`,
  );
  expect(commandLine(new Map(), next)).toBeNull();
});

const settle = declareOperation({
  method: 'POST',
  path: '/things/:thing/settle',
  name: 'thing settle',
  operationId: 'settleThing',
  tag: 'things',
  summary: 'Settle a thing',
  roles: ['owner'],
  params: z.object({ thing: slug }),
  body: z.strictObject({
    how: z.discriminatedUnion('kind', [
      z.strictObject({ kind: z.literal('now'), from: day, to: day }),
      z.strictObject({ kind: z.literal('later'), reason: z.string(), until: instant.nullable().default(null) }),
    ]),
    weight: z.strictObject({ attribute: z.string(), divisor: z.string().default('1') }).nullable(),
    filter: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).optional(),
    plans: z.union([z.literal('all'), z.array(slug)]),
    documents: z.array(z.strictObject({ name: z.string(), text: z.string() })).optional(),
  }),
  command: { files: ['documents'], flags: { 'how.from': 'from', 'how.to': 'to' } },
  run: async () => undefined,
});
const later = { operation: settle, name: 'thing postpone', fixed: { 'how.kind': 'later' } };
const flagsOf = (one: BoundView) =>
  argumentsOf(one).flags.map(({ flag, isRequired }) => `${flag}${isRequired ? '' : '?'}`);

test('of a body of several forms a command takes what the fixed values leave, or what all have', () => {
  const others = ['weight', 'filter?', 'plans', 'documents?'];
  expect(flagsOf(later)).toEqual(['how-reason', 'how-until?', ...others]);
  expect(flagsOf({ operation: settle })).toEqual(['how-kind', 'from?', 'to?', 'how-reason?', 'how-until?', ...others]);
  const [kind] = argumentsOf({ operation: settle }).flags;
  expect(kind?.choices).toEqual(['now', 'later']);
});

test('a month, a weight, a filter, all of a list and a file are read as what they stand for', async () => {
  const now = { operation: settle, fixed: { 'how.kind': 'now' } };
  const folder = mkdtempSync(join(tmpdir(), 'fields-test-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'plan.yaml');
  writeFileSync(file, 'plan: studio');
  const input = await readArguments(now, argumentsOf(now), ['acme'], {
    month: '2026-05',
    weight: ['memory_mb:1024'],
    filter: ['vcpus=2', 'name=a=b', 'on=true'],
    plans: ['all'],
    documents: [file],
  });
  expect(input.body).toEqual({
    how: { kind: 'now', from: '2026-05-01', to: '2026-06-01' },
    weight: { attribute: 'memory_mb', divisor: '1024' },
    filter: { vcpus: 2, name: 'a=b', on: true },
    plans: 'all',
    documents: [{ name: file, text: 'plan: studio' }],
  });
  const none = await readArguments(now, argumentsOf(now), ['acme'], { weight: [''], filter: [''], plans: ['a,b'] });
  expect(none.body).toEqual({ how: { kind: 'now' }, weight: null, filter: {}, plans: ['a', 'b'] });
});

test('in a file, a number is text as it is written where text is wanted', async () => {
  const declare = declareOperation({
    method: 'POST',
    path: '/things',
    name: 'thing declare',
    operationId: 'declareThings',
    tag: 'things',
    summary: 'Declare things',
    roles: ['owner'],
    command: { file: true },
    body: z.strictObject({
      rules: z.array(z.strictObject({ tag: z.string().optional(), position: z.number().optional() })),
    }),
    async run() {},
  });
  const folder = mkdtempSync(join(tmpdir(), 'fields-test-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'things.yaml');
  const read = async (text: string) => {
    writeFileSync(file, text);
    return (await readArguments({ operation: declare }, argumentsOf({ operation: declare }), [file], {})).body;
  };
  expect(await read('rules:\n- tag: 0123\n- {tag: 1e3, position: 0350}\n- {tag: true}\n- {tag: web}\n')).toEqual({
    rules: [{ tag: '0123' }, { tag: '1e3', position: 350 }, { tag: 'true' }, { tag: 'web' }],
  });
  expect(await read('{"rules": [{"tag": 7, "position": 7}]}')).toEqual({ rules: [{ tag: '7', position: 7 }] });
  // What is neither stays as it is, for the schema to refuse.
  expect(await read('rules:\n- tag: [0123]\n')).toEqual({ rules: [{ tag: [123] }] });
});

test('an operation that several commands run is named by the one that gives its fixed values', () => {
  const views = new Map<string, BoundView>([
    ['thing promote', { operation: settle, fixed: { 'how.kind': 'now' } }],
    ['thing postpone', later],
  ]);
  const given = { thing: 'acme', 'how.kind': 'later', 'how.reason': 'busy' };
  expect(commandLine(views, { operation: 'thing settle', arguments: given })).toBe(
    'arcadia thing postpone acme --how-reason busy --weight <weight> --plans <plans>',
  );
  expect(commandLine(views, { operation: 'thing settle' })).toBeNull();
});

test('a command with arguments of its own has none of its operation, and no hint names it', () => {
  const own = {
    positional: [{ name: 'thing', description: 'a thing' }],
    options: [{ flags: '--from <file>', description: 'a file', isRequired: true as const }],
    read: async () => ({ params: {}, query: {}, body: undefined }),
  };
  const imported: BoundView = { operation: assign, name: 'thing import', own };
  expect(argumentsOf(imported)).toEqual({ positional: [], flags: [], secrets: [], month: null });
  const next = { operation: 'thing assign', arguments: { thing: 'acme', owners: 'x' } };
  const views = new Map<string, BoundView>([
    ['thing import', imported],
    ['thing assign', view],
  ]);
  expect(commandLine(views, next)).toBe('arcadia thing assign acme x');
  expect(commandLine(new Map([['thing import', imported]]), next)).toBeNull();
});
