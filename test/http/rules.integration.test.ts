import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse } from 'yaml';
import { bringAttributionsUpToDate } from '../../src/deployments/attribution.ts';
import { openTestDatabase, type TestDatabase } from '../database.ts';
import { at, insertAccount, insertLiving } from '../fixtures/inventory.ts';
import { json, startTestApi, type TestApi } from './api-fixture.ts';

// Rules over HTTP, one after another as an operator changes them: each test builds on those before it.

let database: TestDatabase;
let api: TestApi;
const born = at('2026-05-01');
const later = at('2026-12-01');

beforeAll(async () => {
  database = await openTestDatabase();
  api = await startTestApi(database);
  const account = await insertAccount(database.db);
  for (const [index, name] of ['a-1', 'a-2', 'a-3', 'b-1', 'b-2', 'c-1'].entries())
    await insertLiving(
      database.db,
      account,
      'droplet',
      String(index),
      { name, tags: name === 'a-1' ? ['red'] : [] },
      born,
    );
  await api.fetch('/customers', json('POST', { customer: 'c-1', name: 'One', currency: 'USD' }));
  for (const deployment of ['acme', 'beta'])
    await api.fetch('/deployments', json('POST', { deployment, customer: 'c-1', startsAt: '2026-05-01T00:00:00Z' }));
  await bringAttributionsUpToDate(database.db, later);
});
afterAll(async () => {
  await api.close();
  await database.close();
});

async function answer(path: string, body?: unknown, method: 'POST' | 'GET' = 'POST') {
  const response = await api.fetch(path, body === undefined ? { method } : json('POST', body));
  return { status: response.status, body: (await response.json()) as Record<string, never> };
}

const all = {
  rules: [
    { name: 'a-*', deployment: 'acme' },
    { name: 'b-*', deployment: 'acme', to: '2026-06-01' },
    { name: 'b-*', shares: { acme: 1, beta: 3 }, from: '2026-06-01', kinds: ['droplet', 'volume'] },
  ],
};

test('what is applied changes the owner of as many resources as its preview says, the same owner by another rule not counted', async () => {
  expect((await answer('/rules/apply', all)).body).toMatchObject({ added: 3 });
  await bringAttributionsUpToDate(database.db, later);
  // a-1 stays acme's, now by its tag; c-1 changes.
  const more = { rules: [...all.rules, { tag: 'red', deployment: 'acme' }, { name: 'c-*', deployment: 'beta' }] };
  const { body } = await answer('/rules/preview', more);
  expect(body).toMatchObject({ rules: { added: 2, ended: 0 }, ending: [], resources: 1 });
  await answer('/rules/apply', more);
  expect(await bringAttributionsUpToDate(database.db, later)).toMatchObject({ changed: 1 });
});

test('rules that are left out do not end unless somebody agrees, and the refusal names them', async () => {
  const few = { rules: [{ name: 'a-*', deployment: 'acme' }] };
  const preview = await answer('/rules/preview', few);
  expect(preview.body).toMatchObject({ rules: { ended: 3 } });
  const ending = (preview.body as unknown as { ending: { pattern: string }[] }).ending.map(({ pattern }) => pattern);
  expect(ending.toSorted()).toEqual(['b-*', 'c-*', 'red']);
  const refused = await answer('/rules/apply', few);
  expect(refused).toMatchObject({
    status: 409,
    body: { code: 'rules_would_end', next: { operationId: 'previewRules' } },
  });
  expect(String(refused.body.detail)).toMatch(/^3 rules that are left out would end: .*\(tag red\).*\(name c-\*\)/);
  expect((await answer('/rules/preview?keepOthers=true', few)).body).toMatchObject({
    rules: { ended: 0, unchanged: 1 },
  });
});

test('what the list and the export print can be applied again, and changes nothing', async () => {
  const { body: list } = await answer('/rules?limit=1000', undefined, 'GET');
  const exported = await (await api.fetch('/rules/export')).text();
  expect(exported).toContain('{ name: "b-*", deployment: "acme", to: "2026-06-01T00:00:00Z", position: 400.001 }');
  for (const again of [list, parse(exported)]) {
    expect((await answer('/rules/preview', again)).body).toMatchObject({ resources: 0 });
    expect((await answer('/rules/apply', again)).body).toMatchObject({ added: 0, changed: 0, ended: 0, unchanged: 5 });
  }
  // A page is not all of them.
  const { body: page } = await answer('/rules?limit=3', undefined, 'GET');
  expect(await answer('/rules/apply', page)).toMatchObject({ status: 400 });
});

test('one rule is added behind the others of its kind, and one is removed; previews write nothing', async () => {
  const rule = { name: '*-2', deployment: 'beta', kinds: ['droplet'] };
  const previewed = await answer('/rules?preview=true', rule);
  // a-2 and b-2 are others' by earlier rules.
  expect(previewed.body).toMatchObject({ written: false, rules: { added: 1, ended: 0 }, preview: { resources: 0 } });
  expect((await answer('/rules', rule)).body).toMatchObject({ written: true, rules: { added: 1 }, preview: null });
  const { body } = await answer('/rules?limit=1000', undefined, 'GET');
  const rows = (body as unknown as { items: { ruleId: number; kind: string; pattern: string; position: string }[] })
    .items;
  const names = rows.filter(({ kind }) => kind === 'name');
  expect(names.at(-1)).toMatchObject({ pattern: '*-2' });
  const ruleId = names.find(({ pattern }) => pattern === 'a-*')?.ruleId;
  const removal = await answer(`/rules/${ruleId}/remove?preview=true`);
  expect(removal.body).toMatchObject({
    written: false,
    rules: { ended: 1 },
    preview: { ending: [{ pattern: 'a-*' }] },
  });
  expect((await answer(`/rules/${ruleId}/remove`)).body).toMatchObject({ written: true, rules: { ended: 1 } });
  expect((await answer(`/rules/${ruleId}/remove`)).body).toMatchObject({ rules: { ended: 0, unchanged: 1 } });
  expect((await answer('/rules/1/remove')).body).toMatchObject({ code: 'conflict' });
  expect((await answer('/rules/999999/remove')).status).toBe(404);
});

interface Previewed {
  readonly digest: string;
  readonly resources: number;
}

const conflict = (moved: string) => ({
  status: 409,
  body: {
    code: 'conflict',
    detail: `Nothing was written: the preview no longer holds. Now 1 resource would change owner (${moved}).`,
  },
});

test('a rule is added, applied and ended as its preview said, or refused with what it would change now', async () => {
  const rule = { name: 'n-*', deployment: 'beta' };
  const previewed = async (path: string, body?: unknown) =>
    (await answer(path, body)).body as unknown as { preview: Previewed };
  const { preview } = await previewed('/rules?preview=true', rule);
  const again = await previewed('/rules?preview=true', rule);
  expect(again.preview.digest).toBe(preview.digest);
  expect(preview.resources).toBe(0);

  // A server of that name comes: one owner more would change.
  const account = await insertAccount(database.db, 'second');
  await insertLiving(database.db, account, 'droplet', '90', { name: 'n-1', tags: [] }, born);
  await bringAttributionsUpToDate(database.db, later);
  expect(await answer(`/rules?expect=${preview.digest}`, rule)).toMatchObject(
    conflict('beta gains 1, loses 0; unattributed gains 0, loses 1'),
  );

  const file = await answer('/rules/preview?keepOthers=true', { rules: [rule] });
  const seen = (file.body as unknown as Previewed).digest;
  expect((await previewed('/rules?preview=true', rule)).preview).toMatchObject({ digest: seen, resources: 1 });
  expect(await answer(`/rules/apply?keepOthers=true&expect=${seen}`, { rules: [rule] })).toMatchObject({
    status: 200,
    body: { added: 1 },
  });
  await bringAttributionsUpToDate(database.db, later);

  const { items } = (await answer('/rules?q=n-*', undefined, 'GET')).body as unknown as { items: { ruleId: number }[] };
  const path = `/rules/${items[0]?.ruleId}/remove`;
  const end = (await previewed(`${path}?preview=true`)).preview;
  expect(end.resources).toBe(1);
  expect(await answer(`${path}?expect=${seen}`)).toMatchObject(
    conflict('beta gains 0, loses 1; unattributed gains 1, loses 0'),
  );
  // Whenever it is done, it ends from then on.
  expect(await answer(`${path}?expect=${end.digest}`)).toMatchObject({ status: 200, body: { rules: { ended: 1 } } });
  await bringAttributionsUpToDate(database.db, later);
});

test('what a colleague assigned meanwhile refuses an assignment that was previewed before', async () => {
  const wanted = { resources: ['droplet:5'], owners: [{ deployment: 'acme' }] };
  const preview = async () =>
    ((await answer('/assignments?preview=true', wanted)).body as unknown as { preview: Previewed }).preview;
  const mine = await preview();
  expect(mine.resources).toBe(1);
  await answer('/assignments', { resources: ['droplet:5'], owners: [{ deployment: 'acme' }, { deployment: 'beta' }] });
  // Not derived yet: what was decided counts all the same.
  const refused = await answer(`/assignments?expect=${mine.digest}`, wanted);
  expect(refused).toMatchObject(conflict('acme gains 1, loses 1; beta gains 0, loses 1'));
  const now = await preview();
  expect(now.digest).not.toBe(mine.digest);
  expect(await answer(`/assignments?expect=${now.digest}`, wanted)).toMatchObject({
    status: 200,
    body: { written: true },
  });

  const back = { resources: ['droplet:5'] };
  expect(await answer(`/assignments/remove?expect=${now.digest}`, back)).toMatchObject({ status: 409 });
  expect((await answer('/assignments?expect=abc', wanted)).status).toBe(400);
});
