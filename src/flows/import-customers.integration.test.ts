import { sql } from 'kysely';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openTestDatabase, type TestDatabase } from '../../test/database.ts';
import type { Database } from '../platform/database/database.ts';
import { bringAttributionsUpToDate } from '../deployments/attribution.ts';
import { getCustomer, listCustomers } from '../deployments/customers.ts';
import { listDeployments, setDeploymentStart } from '../deployments/deployments.ts';
import { importRowsMax, readCustomerFile } from '../deployments/index.ts';
import { endSubscription, subscribe, subscriptionHistory } from '../pricing/subscriptions.ts';
import { endDeployment } from './end-deployments.ts';
import { exportCustomers } from './export-customers.ts';
import { importCustomers as run } from './import-customers.ts';
import { changeCustomer } from './customer-currency.ts';
import { setRetired } from '../pricing/retire.ts';
import { makePlan } from '../../test/fixtures/pricing.ts';
import { at, insertAccount, insertLiving, readOwnership, writeMembership } from '../../test/fixtures/inventory.ts';
import { listRules, reorderRules } from '../deployments/rules.ts';

let opened: TestDatabase;
let db: Database;
let project: number;
let droplet: number;
const now = at('2026-06-01');
const header = 'customer_external_id,customer_name,currency,deployment_slug,deployment_name,starts_at';

beforeEach(async () => {
  opened = await openTestDatabase();
  db = opened.db;
  const account = await insertAccount(db);
  project = await insertLiving(db, account, 'project', 'p-1', { name: 'One' }, at('2026-05-01'));
  droplet = await insertLiving(db, account, 'droplet', '1', { name: 'web' }, at('2026-05-01'));
  await writeMembership(db, droplet, project, at('2026-05-01'), null, at('2026-05-01'));
});
afterEach(() => opened.close());

/** By an owner. */
async function importCustomers(
  on: Database,
  csv: string,
  { dryRun, update = false }: { dryRun: boolean; update?: boolean },
  at: Temporal.Instant,
) {
  return run(
    on,
    { file: await readCustomerFile(csv), dryRun, update },
    { now: at, principal: { subject: 'test', role: 'owner' } },
  );
}

async function written() {
  const { rows } = await sql`
    SELECT (SELECT json_agg(c) FROM customers c) AS customers, (SELECT json_agg(d) FROM deployments d) AS deployments,
           (SELECT json_agg(s) FROM subscriptions s) AS subscriptions, (SELECT json_agg(c) FROM changes c WHERE topic = 'pricing') AS ratings,
           (SELECT json_agg(r) FROM ownership_rules r) AS rules, (SELECT count(*) FROM owner_sets) AS sets,
           (SELECT count(*) FROM changes) AS changes`.execute(db);
  return rows[0];
}

test('imports customers, deployments and project links; again it changes nothing', async () => {
  const csv = `\uFEFF${header},project_id,plan\r
c1,"Acme, Ltd",USD,acme,Acme shop,2026-05-01,p-1,studio\r
c1,"Acme, Ltd",USD,acme-blog,Blog,2026-05-02T12:00:00Z,,\r

c2,Beta,USD,beta,Beta,2026-05-01,,atelier\r
`;
  const expected = {
    problems: [],
    customers: { created: 2, updated: 0, kept: 0, unchanged: 0 },
    deployments: { created: 3, updated: 0, kept: 0, unchanged: 0 },
    projectLinks: { created: 1, updated: 0, kept: 0, unchanged: 0 },
    subscriptions: { created: 2, unchanged: 0, kept: 0 },
    differences: [],
    differencesTotal: 0,
  };
  const before = await written();
  expect(await importCustomers(db, csv, { dryRun: true }, now)).toEqual({ written: false, ...expected });
  expect(await written()).toEqual(before);
  expect(await importCustomers(db, csv, { dryRun: false }, now)).toEqual({ written: true, ...expected });
  expect(await listCustomers(db)).toMatchObject([
    { externalId: 'c1', name: 'Acme, Ltd', currency: 'USD', deployments: 2 },
    { externalId: 'c2', name: 'Beta', currency: 'USD', deployments: 1 },
  ]);
  expect((await getCustomer(db, 'c1')).deployments.map((one) => `${one.slug} ${one.startsAt}`)).toEqual([
    'acme 2026-05-01T00:00:00Z',
    'acme-blog 2026-05-02T12:00:00Z',
  ]);
  await bringAttributionsUpToDate(db, now);
  expect(await readOwnership(db, droplet)).toMatchObject([{ owner: 'acme', rule: 'project' }]);

  // Not even where an operator has put the link elsewhere since.
  const order = (await listRules(db)).map((rule) => rule.ruleId);
  await reorderRules(db, order.reverse(), 'test', now);
  const after = await written();
  const again = await importCustomers(db, csv, { dryRun: false }, now);
  expect(await written()).toEqual(after);
  expect(again).toMatchObject({
    customers: { created: 0, updated: 0, kept: 0, unchanged: 2 },
    deployments: { created: 0, updated: 0, kept: 0, unchanged: 3 },
    projectLinks: { created: 0, updated: 0, kept: 0, unchanged: 1 },
    subscriptions: { created: 0, unchanged: 2, kept: 0 },
    differences: [],
  });
});

const planned = `${header},plan`;

test('a plan that there is not is a problem of its line, in the dry run too, and nothing is imported', async () => {
  const csv = `${planned}
c1,One,USD,one,One,2026-05-01,studio
c2,Two,USD,two,Two,2026-05-01,nope
c3,Three,EUR,three,Three,2026-05-01,studio
c4,Four,USD,four,Four,1999-05-01,studio`;
  const before = await written();
  const { problems, ...counts } = await importCustomers(db, csv, { dryRun: true }, now);
  expect(problems).toEqual([
    { line: 3, column: 'plan', reason: 'there is no plan nope' },
    { line: 4, column: 'plan', reason: 'studio is in USD, and the customer pays in EUR' },
    {
      line: 5,
      column: 'plan',
      reason: expect.stringMatching(/^studio begins on \S+, and the deployment starts on 1999-05-01$/),
    },
  ]);
  expect(counts).toMatchObject({ written: false, customers: { created: 0 }, subscriptions: { created: 0 } });
  await expect(importCustomers(db, csv, { dryRun: false }, now)).rejects.toMatchObject({
    code: 'invalid_argument',
    details: { problems },
  });
  expect(await written()).toEqual(before);
});

test('importing the same again undoes no decision about plans, and names each difference by line', async () => {
  const csv = `${planned}
c1,One,USD,moved,Moved,2026-05-01,studio
c1,One,USD,ended,Ended,2026-05-01,studio
c1,One,USD,same,Same,2026-05-01,studio
c1,One,USD,late,Late,2026-05-01,`;
  const first = await importCustomers(db, csv, { dryRun: false }, now);
  expect(first.subscriptions).toEqual({ created: 3, unchanged: 0, kept: 0 });
  await subscribe(
    db,
    { deployment: 'moved', plan: 'atelier', from: Temporal.PlainDate.from('2026-06-01') },
    'test',
    now,
  );
  await endSubscription(db, { deployment: 'ended', from: at('2026-06-10') }, 'test', now);
  const before = await written();
  const again = await importCustomers(db, csv, { dryRun: false }, now);
  expect(await written()).toEqual(before);
  expect(again).toMatchObject({
    subscriptions: { created: 0, unchanged: 1, kept: 2 },
    differences: [
      { line: 2, column: 'plan', before: 'atelier', file: 'studio', written: false },
      { line: 3, column: 'plan', before: 'studio until 2026-06-10', file: 'studio', written: false },
    ],
    differencesTotal: 2,
  });
  // What never was on a plan is put on one.
  const later = await importCustomers(
    db,
    csv.replace('late,Late,2026-05-01,', 'late,Late,2026-05-01,grand'),
    { dryRun: false },
    now,
  );
  expect(later.subscriptions).toEqual({ created: 1, unchanged: 1, kept: 2 });
  expect(await subscriptionHistory(db, 'late', 10)).toMatchObject([
    { plan: 'grand', from: at('2026-05-01'), to: null },
  ]);
});

test('only an owner puts deployments on plans, in a dry run too', async () => {
  const csv = `${planned}\nc1,One,USD,one,One,2026-05-01,studio`;
  const principal = { subject: 'test', role: 'operator' } as const;
  for (const dryRun of [true, false]) {
    await expect(
      run(db, { file: await readCustomerFile(csv), dryRun, update: false }, { now, principal }),
    ).rejects.toMatchObject({
      code: 'forbidden',
    });
  }
  expect(
    await run(
      db,
      { file: await readCustomerFile(csv.replace('studio', '')), dryRun: false, update: false },
      { now, principal },
    ),
  ).toMatchObject({
    written: true,
    deployments: { created: 1 },
  });
});

test('what differs from what is there is named and stays; with update, names and links are written, never a start', async () => {
  await importCustomers(db, `${header},project_id\nc1,Acme,USD,acme,Acme,2026-05-01,p-1`, { dryRun: false }, now);
  await bringAttributionsUpToDate(db, now);
  await setDeploymentStart(db, 'acme', at('2026-05-02'), now);
  const csv = `${header},project_id\nc1,Acme Inc,USD,acme,Acme shop,2026-05-03,\nc1,Acme Inc,USD,new,New,2026-05-03,p-1`;
  const differences = (isWritten: boolean) => [
    { line: 2, column: 'customer_name', before: 'Acme', file: 'Acme Inc', written: isWritten },
    { line: 2, column: 'deployment_name', before: 'Acme', file: 'Acme shop', written: isWritten },
    { line: 2, column: 'starts_at', before: '2026-05-02T00:00:00Z', file: '2026-05-03T00:00:00Z', written: false },
    { line: 3, column: 'project_id', before: 'acme', file: 'new', written: isWritten },
  ];
  const kept = {
    customers: { created: 0, updated: 0, kept: 1, unchanged: 0 },
    deployments: { created: 1, updated: 0, kept: 1, unchanged: 0 },
    projectLinks: { created: 0, updated: 0, kept: 1, unchanged: 0 },
    differences: differences(false),
  };
  const before = await written();
  expect(await importCustomers(db, csv, { dryRun: true }, now)).toMatchObject({ written: false, ...kept });
  expect(await written()).toEqual(before);
  expect(await importCustomers(db, csv, { dryRun: false }, now)).toMatchObject({ written: true, ...kept });
  expect(await listDeployments(db, { customer: 'c1' })).toMatchObject([
    { slug: 'acme', name: 'Acme', customerName: 'Acme', startsAt: at('2026-05-02') },
    { slug: 'new' },
  ]);
  const changed = {
    customers: { created: 0, updated: 1, kept: 0, unchanged: 0 },
    deployments: { created: 0, updated: 1, kept: 0, unchanged: 1 },
    projectLinks: { created: 0, updated: 1, kept: 0, unchanged: 0 },
    differences: differences(true),
  };
  expect(await importCustomers(db, csv, { dryRun: true, update: true }, now)).toMatchObject(changed);
  expect(await importCustomers(db, csv, { dryRun: false, update: true }, now)).toMatchObject(changed);
  expect(await listDeployments(db, { customer: 'c1' })).toMatchObject([
    { slug: 'acme', name: 'Acme shop', customerName: 'Acme Inc', startsAt: at('2026-05-02') },
    { slug: 'new' },
  ]);
  await bringAttributionsUpToDate(db, now);
  // The link moves now; until now it was as it was.
  expect(await readOwnership(db, droplet)).toMatchObject([{ owner: 'acme' }, { owner: 'new' }]);
});

test('a customer pays in one currency: no plan, and no other currency of the customer, comes to another', async () => {
  await makePlan(db, { plan: 'euros', from: '2026-01-01', currency: 'EUR' });
  await makePlan(db, { plan: 'turning', from: '2026-01-01', currency: 'USD' });
  await makePlan(db, { plan: 'turning', from: '2026-08-01', currency: 'EUR' });
  await importCustomers(
    db,
    `${planned}\nc1,One,USD,one,One,2026-05-01,\nc2,Two,USD,two,Two,2026-05-01,studio`,
    { dryRun: false },
    now,
  );
  const refused = async (csv: string, update = false) =>
    (await importCustomers(db, `${planned}\n${csv}`, { dryRun: true, update }, now)).problems.map(
      ({ column, reason }) => `${column}: ${reason}`,
    );
  const inEuros = 'plan: euros is in EUR, and the customer pays in USD';
  expect(await refused('c1,One,USD,one,One,2026-05-01,euros')).toEqual([inEuros]);
  // The file says euros; the customer pays in dollars until that is written.
  expect(await refused('c1,One,EUR,one,One,2026-05-01,euros')).toEqual([inEuros]);
  expect(await refused('c1,One,EUR,one,One,2026-05-01,euros', true)).toEqual([]);
  expect(await refused('c1,One,USD,one,One,2026-05-01,turning')).toEqual([
    'plan: turning is in EUR, and the customer pays in USD',
  ]);
  const onAPlan = 'two is on plan studio in USD; end its subscription before its customer pays in another currency';
  expect(await refused('c2,Two,EUR,two,Two,2026-05-01,', true)).toEqual([`currency: ${onAPlan}`]);
  expect(await refused('c2,Two,EUR,two,Two,2026-05-01,')).toEqual([]);
  const inEuro = { currency: 'EUR' };
  await expect(changeCustomer(db, 'c2', inEuro, now)).rejects.toMatchObject({
    code: 'conflict',
    message: `${onAPlan}.`,
  });
  await endSubscription(db, { deployment: 'two', from: at('2026-05-11') }, 'test', now);
  expect(await refused('c2,Two,EUR,two,Two,2026-05-01,', true)).toEqual([]);
  expect(await changeCustomer(db, 'c2', inEuro, now)).toMatchObject({ name: 'Two', currency: 'EUR' });
  expect(await changeCustomer(db, 'c2', { name: 'Deux' }, now)).toMatchObject({ name: 'Deux', currency: 'EUR' });
});

test('a retired plan is started for nobody new, and refuses nobody who is on it', async () => {
  await importCustomers(db, `${planned}\nc1,One,USD,one,One,2026-05-01,studio`, { dryRun: false }, now);
  await setRetired(db, 'studio', now, now);
  const again = 'c1,One,USD,one,One,2026-05-01,studio';
  const result = await importCustomers(
    db,
    `${planned}\n${again}\nc1,One,USD,more,More,2026-05-01,studio`,
    { dryRun: true },
    now,
  );
  expect(result.problems).toEqual([
    { line: 3, column: 'plan', reason: 'studio is retired: it takes no new subscription' },
  ]);
  expect((await importCustomers(db, `${planned}\n${again}`, { dryRun: false }, now)).problems).toEqual([]);
});

test('each bad row is named by line, column and reason, and nothing is imported', async () => {
  await importCustomers(db, `${header}\nc1,Acme,USD,acme,Acme,2026-05-01`, { dryRun: false }, now);
  const csv = `${header},project_id
c9,"Nine
lines",usd,Nine,Nine,yesterday,
c9,Ninety,usd,nine,Nine,2026-13-01,p-404
c2,Two,USD,acme,Acme,2026-05-01,p-1
c3,,USD,unattributed,X,2026-05-01,p-1
c4,Four,USD,four,Four
c5,Five,USD,five,Five,2026-05-01,
c5,Five,USD,five,Five,2026-05-01,`;
  const expected = [
    [2, 'customer_name'],
    [2, 'currency'],
    [2, 'deployment_slug'],
    [2, 'starts_at'],
    [4, 'currency'],
    [4, 'starts_at'],
    [4, 'customer_name'],
    [5, 'customer_external_id'],
    [6, 'customer_name'],
    [6, 'deployment_slug'],
    [7, null],
    [9, 'deployment_slug'],
  ];
  const before = await written();
  const dry = await importCustomers(db, csv, { dryRun: true }, now);
  expect(dry.problems.map(({ line, column }) => [line, column])).toEqual(expected);
  expect(dry.problems.find((problem) => problem.line === 5)?.reason).toBe(
    'acme belongs to customer c1; a customer never loses a deployment to another',
  );
  const error = await importCustomers(db, csv, { dryRun: false }, now).then(
    () => null,
    (thrown) => thrown,
  );
  expect(error).toMatchObject({ code: 'invalid_argument', details: { problems: dry.problems } });
  expect(error.message).toContain('line 7: has 5 columns where the header has 7');
  expect(await written()).toEqual(before);
});

test.each([
  ['', 1, null],
  ['customer_external_id,customer_name\n', 1, 'currency'],
  [`${header},colour\n`, 1, 'colour'],
  [`${header},plan,plan\n`, 1, 'plan'],
  [`${header}\nc1,"Acme,USD`, 2, null],
  [`${header},project_id\nc1,A,USD,a,A,2026-05-01,p-404\n`, 2, 'project_id'],
  [`${header},project_id\nc1,A,USD,a,A,2026-05-01,p-1\nc1,A,USD,b,B,2026-05-01,p-1`, 3, 'project_id'],
])('a file that is no such import is refused: %j', async (csv, line, column) => {
  const { problems } = await importCustomers(db, csv, { dryRun: true }, now);
  expect(problems).toContainEqual(expect.objectContaining({ line, column }));
});

test('what a large business exports is imported in one go, part by part, and changes nothing there', async () => {
  // Two parts; customers have several deployments, which stand apart in the file.
  const lines = Array.from(
    { length: 5_400 },
    (_, place) => `large-${place % 1_350},Large,USD,large-${place},Deployment,2026-05-01,studio,2026-05-01`,
  );
  const file = [`${header},plan,plan_from`, ...lines].join('\n');
  const created = await importCustomers(db, file, { dryRun: false }, now);
  expect(created).toMatchObject({
    written: true,
    customers: { created: 1_350, unchanged: 0 },
    deployments: { created: 5_400 },
    subscriptions: { created: 5_400 },
    differencesTotal: 0,
  });
  const exported = (await Array.fromAsync(exportCustomers(db, now))).join('');
  expect(exported.split('\r\n').length).toBeGreaterThan(5_400);
  const again = await importCustomers(db, exported, { dryRun: false }, now);
  expect(again).toMatchObject({
    written: true,
    customers: { created: 0, kept: 0 },
    deployments: { created: 0, kept: 0 },
    subscriptions: { created: 0, kept: 0 },
    differencesTotal: 0,
  });
  // All or nothing: the last part has the error.
  const wrong = `${header}\n${lines.map((_, place) => `more-${place},More,USD,more-${place},Name,2026-05-01`).join('\n')}\nmore-x,More,USD,large-0,Name,2026-05-01\n`;
  await expect(importCustomers(db, wrong, { dryRun: false }, now)).rejects.toMatchObject({ code: 'invalid_argument' });
  expect((await importCustomers(db, exported, { dryRun: true }, now)).customers).toEqual(again.customers);
});

test('a file of more deployments than one import takes is refused, and so is one of more columns', async () => {
  const lines = Array.from({ length: importRowsMax + 1 }, (_, place) => `c${place},C,USD,d${place},D,2026-05-01`);
  const { problems } = await importCustomers(db, [header, ...lines].join('\n'), { dryRun: true }, now);
  expect(problems).toEqual([
    {
      line: importRowsMax + 2,
      column: null,
      reason: expect.stringMatching(
        /^is one more than the 20000 deployments of one import; import the lines up to here/,
      ),
    },
  ]);
  const wide = await importCustomers(db, `${header}${',plan'.repeat(100_000)}\n`, { dryRun: true }, now);
  expect(wide.problems).toEqual([{ line: 1, column: null, reason: 'has 100006 columns; a header names 100 at most' }]);
  const commas = await importCustomers(db, `${header}\n${','.repeat(1_600_000)}`, { dryRun: true }, now);
  expect(commas.problems).toEqual([
    {
      line: 1,
      column: null,
      reason: 'the file has 1600007 cells; 1600000 are read at most. Give it in several files',
    },
  ]);
});

test('of very many bad rows the first thousand problems are told', async () => {
  const unknown = Array.from({ length: 4_500 }, (_, place) => `c,C,USD,d${place},D,2026-05-01,p-none`);
  const csv = [`${header},project_id`, 'b,B,usd,b,B,2026-05-01,', ...unknown].join('\n');
  await expect(importCustomers(db, csv, { dryRun: false }, now)).rejects.toMatchObject({
    code: 'invalid_argument',
    details: { problems: { length: 1_000, 0: { line: 2, column: 'currency' }, 999: { column: 'project_id' } } },
  });
  const broken = Array.from({ length: 60_000 }, () => 'a,b');
  const dry = await importCustomers(db, [header, ...broken].join('\n'), { dryRun: true }, now);
  expect([dry.problems.length, dry.problems.at(-1)]).toEqual([1_000, expect.objectContaining({ line: 1_001 })]);
});

test('a whole file of deployments is renamed in one go', async () => {
  const csv = (name: string, day: string) =>
    [header, ...Array.from({ length: 3_000 }, (_, place) => `c,C,USD,d${place},${name},${day}`)].join('\n');
  await importCustomers(db, csv('Old', '2026-05-01'), { dryRun: false }, now);
  let statements = 0;
  const counted = await importCustomers(
    db.withPlugin({
      transformQuery: ({ node }) => {
        statements += 1;
        return node;
      },
      transformResult: async ({ result }) => result,
    }) as Database,
    csv('New', '2026-05-01'),
    { dryRun: false, update: true },
    now,
  );
  expect(counted.deployments).toEqual({ created: 0, updated: 3_000, kept: 0, unchanged: 0 });
  expect(statements).toBeLessThan(30);
  const last = (await listDeployments(db, { customer: 'c' })).find(({ slug }) => slug === 'd999');
  expect([last?.name, last?.startsAt?.toString()]).toEqual(['New', '2026-05-01T00:00:00Z']);
});

const exported = async (on: Database) => (await Array.fromAsync(exportCustomers(on, now))).join('');

test('what is exported and imported into an empty database is exported as the same bytes, and again changes nothing', async () => {
  const csv = `${header},plan,plan_from
c1,"Acme, ""Ltd""",USD,acme,'=Acme shop,2026-05-01T06:30:00Z,studio,2026-05-04
c1,"Acme, ""Ltd""",USD,acme-blog,Blog,2026-05-02,,
c1,"Acme, ""Ltd""",USD,acme-old,Old,2026-05-02,studio,
c1,"Acme, ""Ltd""",USD,acme-soon,Soon,2026-08-01,studio,
C3,Gamma,EUR,,,,,
c2,Beta,USD,beta,Beta,2026-05-01,atelier,
`;
  expect(await importCustomers(db, csv, { dryRun: false }, now)).toMatchObject({
    written: true,
    customers: { created: 3 },
    deployments: { created: 5, unchanged: 0 },
    subscriptions: { created: 4 },
  });
  const principal = { subject: 'test', role: 'owner' } as const;
  await endDeployment(db, { deployment: 'acme-old', endsAt: at('2026-05-20') }, { now, principal });
  await subscribe(db, { deployment: 'beta', plan: 'studio', from: Temporal.PlainDate.from('2026-05-11') }, 'test', now);
  const file = await exported(db);
  expect(file).toBe(
    [
      `${header},plan,plan_from`,
      'C3,Gamma,EUR,,,,,',
      `c1,"Acme, ""Ltd""",USD,acme,'=Acme shop,2026-05-01T06:30:00Z,studio,2026-05-04`,
      'c1,"Acme, ""Ltd""",USD,acme-blog,Blog,2026-05-02T00:00:00Z,,',
      'c1,"Acme, ""Ltd""",USD,acme-soon,Soon,2026-08-01T00:00:00Z,studio,2026-08-01',
      'c2,Beta,USD,beta,Beta,2026-05-01T00:00:00Z,studio,2026-05-11',
      '',
    ].join('\r\n'),
  );
  const before = await written();
  expect(await importCustomers(db, file, { dryRun: false }, now)).toMatchObject({ differencesTotal: 0 });
  expect(await written()).toEqual(before);

  const empty = await openTestDatabase();
  try {
    const dry = await importCustomers(empty.db, file, { dryRun: true }, now);
    expect(dry).toMatchObject({ written: false, problems: [], subscriptions: { created: 3 } });
    expect(await exported(empty.db)).toBe(`${header},plan,plan_from\r\n`);
    await importCustomers(empty.db, file, { dryRun: false }, now);
    expect(await exported(empty.db)).toBe(file);
  } finally {
    await empty.close();
  }
});

test('more customers than are read at a time are exported one after the other, each once', async () => {
  const names = Array.from({ length: 1_203 }, (_, index) => `n${String(index).padStart(4, '0')}`);
  const lines = names.map((name, index) =>
    index % 2 === 0 ? `${name},X,USD,,,` : `${name},X,USD,${name},X,2026-05-01`,
  );
  await importCustomers(db, [header, ...lines].join('\n'), { dryRun: false }, now);
  const parts = await Array.fromAsync(exportCustomers(db, now));
  expect(parts.slice(1).map((line) => line.split(',')[0])).toEqual(names);
});

test('the day of a plan is a day, of a plan, and not before the deployment starts', async () => {
  const csv = `${header},plan,plan_from
c1,A,USD,a,A,2026-05-01T06:00:00Z,studio,2026-04-30
c1,A,USD,b,B,2026-05-01,,2026-05-04
c1,A,USD,c,C,2026-05-01,studio,May
c1,A,USD,d,D,2026-05-01T06:00:00Z,studio,2026-05-01
c1,A,USD,,E,,,
`;
  const { problems } = await importCustomers(db, csv, { dryRun: true }, now);
  expect(problems.map(({ line, column }) => [line, column])).toEqual([
    [2, 'plan_from'],
    [3, 'plan_from'],
    [4, 'plan_from'],
    [6, 'deployment_slug'],
    [6, 'starts_at'],
  ]);
});
