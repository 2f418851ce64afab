import fc from 'fast-check';
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openTestDatabase, type TestDatabase } from '../../../test/database.ts';
import { at, insertAccount, insertLiving } from '../../../test/fixtures/inventory.ts';
import { createTemporaryTableAs } from '../../platform/database/temporary-table.ts';
import { rewriteHistory } from '../../platform/history.ts';
import { declarationSchema } from '../declaration.ts';
import { previewDeclaration } from '../declarations.ts';

// Over random settings and random declarations: what is found is what a slow oracle says, and nothing else.

let database: TestDatabase;
const ids: number[] = [];
const begin = at('2026-05-01');

beforeAll(async () => {
  database = await openTestDatabase();
  const { db } = database;
  const account = await insertAccount(db);
  for (let index = 0; index < 3; index += 1)
    ids.push(await insertLiving(db, account, 'firewall', `fw-${index}`, { name: `fw-${index}` }, begin));
});
afterAll(() => database.close());

type Json = string | number | boolean | null | string[];
type Settings = Readonly<Record<string, Json>>;

const tags = fc.uniqueArray(fc.constantFrom('a', 'b', 'c'), { maxLength: 3 }).map((list) => list.sort());
const peers = fc
  .uniqueArray(fc.constantFrom('10.0.0.0/8', '192.0.2.0/24'), { maxLength: 2 })
  .map((list) => list.sort());
const size = fc.integer({ min: 1, max: 4 });
const option = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });
const members = {
  'inbound/tcp/22': option(peers),
  'inbound/tcp/443': option(peers),
};
const actual = fc.record({ size: option(size), tags: option(tags), on: option(fc.boolean()), ...members });
const hidden = fc.subarray(['size', 'tags', 'on', 'inbound/']);
const declared = fc.record({
  size: option(fc.oneof(size, fc.record({ min: size }), fc.record({ min: fc.constant(2), max: fc.constant(3) }))),
  tags: option(
    fc.oneof(
      tags,
      tags.filter((list) => list.length > 0).map((includes) => ({ includes })),
    ),
  ),
  on: option(fc.boolean()),
  ...members,
  isWhole: fc.boolean(),
});

const withoutNothing = (of: object) =>
  Object.fromEntries(Object.entries(of).filter(([, value]) => value !== undefined)) as Record<string, never>;

/** Field by field, as a person would: whether it differs as far as anybody can see. */
function oracle(said: Record<string, unknown>, isWhole: boolean, there: Settings, hides: readonly string[]): string[] {
  const isHidden = (key: string) =>
    hides.some((place) => place === key || (place.endsWith('/') && key.startsWith(place)));
  const found: string[] = [];
  for (const key of new Set([...Object.keys(said), ...Object.keys(there)])) {
    const isMember = key.startsWith('inbound/');
    const wanted = said[key];
    const held = there[key];
    if (isHidden(key)) continue;
    if (wanted === undefined) {
      if (isMember && isWhole) found.push(key);
    } else if (held === undefined) {
      if (isMember) found.push(key);
    } else if (!agrees(wanted, held)) found.push(key);
  }
  return found.sort();
}

function agrees(wanted: unknown, held: Json): boolean {
  if (typeof wanted === 'object' && wanted !== null && !Array.isArray(wanted)) {
    const { min = -Infinity, max = Infinity, includes } = wanted as { min?: number; max?: number; includes?: string[] };
    if (includes !== undefined) return includes.every((one) => (held as string[]).includes(one));
    return (held as number) >= min && (held as number) <= max;
  }
  return JSON.stringify(wanted) === JSON.stringify(held);
}

let instant = begin;

/** What is there from now on, in place of what was. */
async function write(all: readonly { readonly settings: Settings; readonly hides: readonly string[] }[]) {
  const rows = all.map(({ settings, hides }, index) => ({ resource_id: ids[index], settings, hidden: hides }));
  const history = {
    table: 'resource_settings',
    id: 'resource_setting_id',
    key: ['resource_id'],
    values: ['settings', 'hidden', 'source'],
  };
  await database.db.transaction().execute(async (trx) => {
    const staged = await createTemporaryTableAs(
      trx,
      { statement: 'test.writeSettings', table: 'fixture_settings', drop: [] },
      sql`
        SELECT r.*, 'listing' AS source, ${instant}::timestamptz AS valid_from, 'infinity'::timestamptz AS valid_to, true AS asserted
        FROM jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) AS r(resource_id bigint, settings jsonb, hidden text[])`,
    );
    await rewriteHistory(trx, history, staged, instant);
  });
}

test('what is found is what the oracle says, and what can be seen less of differs in nothing more', async () => {
  const one = fc.record({ actual, hidden, declared });
  let differing = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(one, { minLength: 3, maxLength: 3 }), hidden, async (drawn, blinded) => {
      instant = instant.add({ hours: 1 });
      const all = drawn.map((each, index) => {
        const { isWhole, ...said } = each.declared;
        const fields = withoutNothing(said);
        const settings: Settings = withoutNothing(each.actual);
        const wanted = oracle(fields, isWhole, settings, each.hidden).map((field) => `fw-${index} ${field}`);
        return { settings, hides: each.hidden, fields, isWhole, wanted };
      });
      await write(all);
      const resources = all.map(({ fields, isWhole }, index) => {
        const plain = Object.entries(fields).filter(([key]) => !isWhole || !key.startsWith('inbound/'));
        const group = Object.entries(fields).filter(([key]) => key.startsWith('inbound/'));
        const grouped = Object.fromEntries(group.map(([key, value]) => [key.slice('inbound/'.length), value]));
        return {
          address: `fw-${index}`,
          kind: 'firewall',
          id: `fw-${index}`,
          fields: { ...Object.fromEntries(plain), ...(isWhole && { 'inbound/': grouped }) },
        };
      });
      const document = declarationSchema.parse({ declaration: 'd', account: 'team', resources });
      const options = { by: 'test', now: instant.add({ minutes: 30 }) };
      const { shown } = await previewDeclaration(database.db, document, options);
      const found = shown.map(({ address, field }) => `${address} ${field}`).sort();
      const wanted = all.flatMap((each) => each.wanted).sort();
      differing += wanted.length;
      expect(found).toEqual(wanted);
      // What can be seen less of differs in nothing more.
      instant = instant.add({ hours: 1 });
      await write(
        all.map(({ settings }, index) => ({ settings, hides: [...new Set([...all[index]!.hides, ...blinded])] })),
      );
      const blind = await previewDeclaration(database.db, document, { by: 'test', now: instant.add({ minutes: 30 }) });
      expect(found).toEqual(expect.arrayContaining(blind.shown.map(({ address, field }) => `${address} ${field}`)));
    }),
    { numRuns: 40 },
  );
  expect(differing).toBeGreaterThan(40);
}, 120_000);
