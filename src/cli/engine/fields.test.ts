import { expect, test } from 'vitest';
import { z } from 'zod';
import { declareOperation } from '../../platform/declare/operation.ts';
import { instant, slug } from '../../platform/declare/schemas.ts';
import { argumentsOf, readArguments } from './arguments-of.ts';
import { fieldsOf } from './fields.ts';
import { commandLine } from './next.ts';

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
});

test('what a view fixes is no argument, and is always given', async () => {
  const paused = { operation: assign, fixed: { paused: true } };
  const bound = argumentsOf(paused);
  expect(bound.flags.map(({ flag }) => flag)).not.toContain('paused');
  expect(await readArguments(paused, bound, ['acme', ['a']], {})).toMatchObject({ body: { paused: true } });
});

test('an operation to use next is a command line that a shell reads back', () => {
  const next = { operation: 'thing assign', arguments: { thing: 'acme', note: "it's so", paused: false } };
  expect(commandLine([assign], next)).toBe(`arcadia thing assign acme <owners> --no-paused --note 'it'\\''s so'`);
  expect(commandLine([], next)).toBeNull();
});
