import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Simulator, startSimulator } from '../../src/simulator/server.ts';
import { openTestDatabase, type TestDatabase } from '../database.ts';
import { answerOf, arcadia, makeFolder } from '../end-to-end/arcadia.ts';
import { arcadiaHere } from './here.ts';

// The commands one after another, as an operator meets them: each builds on what those before it
// have written. One of each kind is a process of its own, whose end, exit code and streams are seen too.

let database: TestDatabase;
let simulator: Simulator;
const folder = makeFolder();

beforeAll(async () => {
  database = await openTestDatabase();
  simulator = await startSimulator({ fleet: 'pilot', seed: 1 });
});
afterAll(async () => {
  await simulator.close();
  await database.close();
  folder.remove();
});

function runBy(by: typeof arcadia, args: readonly string[], input?: string) {
  const env = {
    DATABASE_URL: database.connectionString,
    ARCADIA_DATA_DIR: folder.path,
    DIGITALOCEAN_API_URL: simulator.url,
  };
  return by(args, { env, cwd: folder.path, ...(input === undefined ? {} : { input }) });
}
const run = (args: readonly string[], input?: string) => runBy(arcadiaHere, args, input);
const runProcess = (args: readonly string[], input?: string) => runBy(arcadia, args, input);
async function json(...args: readonly string[]): Promise<unknown> {
  return answerOf(await run([...args, '--json']));
}
function file(name: string, text: string): string {
  const path = join(folder.path, name);
  writeFileSync(path, text);
  return path;
}

describe('from an empty database to a quote', () => {
  test('without an account, lists are empty and say what to do next', async () => {
    expect(await json('account', 'list')).toEqual({ items: [], nextCursor: null, total: 0 });
    const listed = await runProcess(['account', 'list']);
    expect(listed).toMatchObject({ code: 0, stdout: '' });
    expect(listed.stderr).toContain('arcadia account connect');
    const synced = await runProcess(['sync']);
    expect(synced.code).toBe(1);
    expect(synced.stderr).toContain('arcadia account connect');
  });

  test('a schema is up to date, because every command sees to it', async () => {
    const status = (await json('db', 'status')) as { name: string; state: string }[];
    expect(status.length).toBeGreaterThan(0);
    expect(new Set(status.map(({ state }) => state))).toEqual(new Set(['applied']));
    expect(answerOf(await runProcess(['db', 'migrate', '--json']))).toEqual({ applied: [], accessRestored: false });
  });

  test('an account is connected with a token from stdin, which is shown nowhere', async () => {
    const connected = await runProcess(['account', 'connect', 'acme', '--json'], 'dop_v1_secret\n');
    expect(answerOf(connected)).toMatchObject({
      account: 'acme',
      provider: 'digitalocean',
      simulated: true,
      connectedAt: '2026-05-01T00:00:00Z',
      meteredFrom: '2026-05-01T00:00:00Z',
    });
    expect(connected.stdout + connected.stderr).not.toContain('dop_v1_secret');
    expect(await json('account', 'list')).toMatchObject({ items: [{ account: 'acme', apiUrl: simulator.url }] });
  });

  test('a check names each scope', async () => {
    const check = (await json('account', 'check', 'acme')) as {
      account: string;
      scopes: { scope: string; granted: string }[];
    };
    expect(check.account).toBe('acme');
    expect(check.scopes).toContainEqual(expect.objectContaining({ scope: 'droplet:read', granted: 'yes' }));
  });

  test('a sync answers in the promised form', async () => {
    const synced = answerOf(await runProcess(['sync', '--json']));
    expect(synced).toEqual({
      accounts: ['acme'],
      kinds: null,
      jobs: ['sync_projects', 'sync_snapshots', 'sync_backups', 'sync_spaces', 'sync_sizes'],
      after: 0,
      notRead: [{ account: 'acme', kind: 'spaces_bucket', needs: 'Spaces key' }],
    });
    const { items } = (await json('sync', 'runs')) as { items: Record<string, unknown>[] };
    expect(items.length).toBeGreaterThan(10);
    for (const item of items)
      expect(item).toMatchObject({ account: 'acme', outcome: 'complete', reason: null, changed: 0, ended: 0 });
    expect(items.find(({ kind }) => kind === 'snapshot')).toMatchObject({ seen: 3, new: 3 });
  });

  test('a sync of some kinds reads these, and shows a person what came of it', async () => {
    const { after } = (await json('sync', 'acme', '--kind', 'droplet,snapshot')) as { after: number };
    const { items } = (await json('sync', 'runs', '--after', String(after))) as { items: { kind: string }[] };
    expect(items.toSorted((a, b) => (a.kind < b.kind ? -1 : 1))).toMatchObject([
      { kind: 'droplet', seen: 2, new: 0 },
      { kind: 'snapshot', seen: 3, new: 0 },
    ]);
    const shown = await runProcess(['sync', '--kind', 'droplet']);
    expect(shown.code).toBe(0);
    expect(shown.stdout.trimEnd().split('\n')).toEqual([
      expect.stringMatching(/^ACCOUNT +KIND +OUTCOME +SEEN/),
      expect.stringMatching(/^acme +droplet +complete +2 +0/),
    ]);
  });

  test('resources can be listed and shown', async () => {
    const { items: snapshots } = (await json('resource', 'list', '--kind', 'snapshot')) as {
      items: { resourceId: number; kind: string; attributes: { size_gb: number } }[];
    };
    expect(snapshots.map(({ attributes }) => attributes.size_gb).sort((a, b) => a - b)).toEqual([10, 14, 24]);
    expect(await json('resource', 'show', String(snapshots[0]?.resourceId))).toMatchObject({
      kind: 'snapshot',
      states: [{ source: 'assumed' }, { source: 'listing', from: '2026-05-01T00:00:00Z', to: null }],
    });
    const limited = await runProcess(['resource', 'list', '--limit', '1']);
    expect(limited.stdout.trimEnd().split('\n')).toHaveLength(2);
    expect(limited.stderr).toContain('--limit');
  });

  test('customers are imported, after a dry run that names each bad row', async () => {
    const header = 'customer_external_id,customer_name,currency,deployment_slug,deployment_name,starts_at,plan\n';
    const bad = await runProcess(
      ['customer', 'import', '-', '--dry-run'],
      `${header}c-1,Acme,dollars,acme-studio,Acme,2026-05-01,studio\n`,
    );
    expect(bad.code).toBe(1);
    expect(bad.stdout).toContain('line 2, currency: "dollars"');
    expect(await json('customer', 'list')).toEqual({ items: [], nextCursor: null, total: 0 });

    const good = file('customers.csv', `${header}c-1,Acme,USD,acme-studio,Acme Studio,2026-05-01,studio\n`);
    expect((await runProcess(['customer', 'import', good, '--dry-run', '--exit-code'])).code).toBe(3);
    expect(await json('customer', 'import', good)).toMatchObject({
      written: true,
      deployments: { created: 1 },
      subscriptions: { created: 1, unchanged: 0, kept: 0 },
    });
    expect(await json('customer', 'import', good)).toMatchObject({
      deployments: { created: 0, unchanged: 1 },
      subscriptions: { created: 0, unchanged: 1, kept: 0 },
    });
    expect(await json('customer', 'list')).toEqual({
      items: [{ customer: 'c-1', name: 'Acme', currency: 'USD', deployments: 1, closedAt: null }],
      nextCursor: null,
      total: 1,
    });
  });

  test('a rules file is previewed, then applied, then changes nothing', async () => {
    const rules = file('rules.yaml', "rules:\n  - { name: 'acme-*', deployment: acme-studio }\n");
    const preview = await runProcess(['rule', 'preview', rules, '--exit-code', '--json']);
    expect(preview.code).toBe(3);
    expect(JSON.parse(preview.stdout)).toMatchObject({ rules: { added: 1 } });
    expect(await json('rule', 'apply', rules)).toMatchObject({ added: 1 });
    expect((await run(['rule', 'preview', rules, '--exit-code'])).code).toBe(0);
    const { items: listed } = (await json('rule', 'list')) as { items: { kind: string; pattern: string }[] };
    expect(listed).toContainEqual(expect.objectContaining({ kind: 'name', pattern: 'acme-*' }));
    const suggested = await run(['rule', 'suggest']);
    expect(suggested.code).toBe(0);
    expect(
      await json('rule', 'apply', file('new.yaml', suggested.stdout || 'rules: []\n'), '--keep-others'),
    ).toMatchObject({
      ended: 0,
    });
  });

  test('rules that take something away are shown and asked about first', async () => {
    const none = file('none.yaml', 'rules: []\n');
    const refused = await runProcess(['rule', 'apply', none]);
    expect(refused).toMatchObject({ code: 1, stdout: '' });
    expect(refused.stderr).toContain('0 rules added, 0 changed, 1 ended');
    expect(refused.stderr).toContain('--yes');
    expect(await json('rule', 'apply', none, '--yes')).toMatchObject({ ended: 1 });
    // The rules of a file are applied in one piece, or refused by the place that is wrong.
    const wrong = await run(['rule', 'apply', file('wrong.yaml', "rules:\n  - { name: 'a-*' }\n"), '--yes']);
    expect(wrong).toMatchObject({ code: 1, stderr: expect.stringContaining('rules[0].deployment') });
    // What ended begins again.
    expect(await json('rule', 'apply', join(folder.path, 'rules.yaml'))).toMatchObject({ ended: 0, unchanged: 0 });
  });

  test('one rule is added and removed, and what is printed of the rules can be applied again', async () => {
    const added = await runProcess([
      'rule',
      'add',
      '--name',
      'none-*',
      '--shares',
      'acme-studio=2',
      '--kind',
      'volume',
    ]);
    expect(added).toMatchObject({ code: 0, stdout: 'Applied: 1 rule added, 0 changed, 0 ended, 0 unchanged.\n' });
    expect(added.stderr).toContain('0 resources would change owner.');
    for (const args of [
      ['rule', 'export'],
      ['rule', 'list', '--all', '--json'],
    ]) {
      const printed = file('again.yaml', (await run(args)).stdout);
      expect(await json('rule', 'apply', printed)).toMatchObject({ added: 0, changed: 0, ended: 0 });
    }
    const { items } = (await json('rule', 'list')) as { items: { ruleId: number; pattern: string }[] };
    const ruleId = String(items.find(({ pattern }) => pattern === 'none-*')?.ruleId);
    const asked = await run(['rule', 'remove', ruleId]);
    expect(asked).toMatchObject({ code: 1, stderr: expect.stringMatching(/0 changed, 1 ended[^]*none-\*[^]*--yes/) });
    expect(await json('rule', 'remove', ruleId, '--yes')).toMatchObject({ written: true, rules: { ended: 1 } });
  });

  test('a second deployment gets a share by hand, and gives it back', async () => {
    expect(await json('deployment', 'create', 'beta', '--customer', 'c-1', '--starts-at', '2026-05-01')).toMatchObject({
      deployment: 'beta',
      name: 'beta',
    });
    const { items } = (await json('resource', 'list', '--kind', 'droplet')) as {
      items: { resourceId: number; externalId: string }[];
    };
    const [droplet] = items;
    const assigned = await run([
      'deployment',
      'assign',
      'acme-studio:2',
      'beta:1',
      '--resource',
      `droplet:${droplet?.externalId}`,
      '--yes',
    ]);
    expect(assigned.stdout).toContain('acme-studio (2 of 3), beta (1 of 3)');
    expect(await json('deployment', 'ownership', 'beta')).toMatchObject({
      items: [{ resourceId: droplet?.resourceId, weight: 1, weightTotal: 3 }],
    });
    expect((await run(['deployment', 'show', 'beta'])).stdout).toMatch(/\b1\/3\b/);
    await json('deployment', 'unassign', String(droplet?.resourceId), '--yes');
    expect(await json('deployment', 'ownership', 'beta')).toMatchObject({ items: [] });
    expect(await json('deployment', 'list', '--customer', 'c-1')).toMatchObject({
      items: [{ deployment: 'acme-studio' }, { deployment: 'beta' }],
    });
  });

  test('two days pass; they are metered once', async () => {
    simulator.advanceTo(Temporal.Instant.from('2026-05-03T06:00:00Z'));
    await json('sync');
    const metered = await runProcess(['meter']);
    expect(metered.code).toBe(0);
    expect(metered.stdout).toMatch(/2026-05-01 +first +\S+ \S+ +7 +0 +0\n.*2026-05-02 +first +\S+ \S+ +7 +0 +0/);
    const again = await run(['meter']);
    expect(again).toMatchObject({ code: 0, stdout: '' });
    expect(again.stderr).toContain('up to date');
    const verified = await json('meter', '--from', '2026-05-01', '--to', '2026-05-02', '--verify');
    expect(verified).toEqual({ from: '2026-05-01', to: '2026-05-02', verify: true, jobs: ['meter_day'], after: 2 });
    expect(await json('meter', 'runs', '--after', '2')).toMatchObject({ items: [] });
  });

  test('usage and quote answer in the promised form', async () => {
    expect(await json('usage', 'acme-studio', '--month', '2026-05')).toEqual({
      deployment: 'acme-studio',
      from: '2026-05-01',
      to: '2026-06-01',
      meteredThrough: '2026-05-03',
      usage: { dns_zones: '0.129032258', droplet_hours: '96', droplet_snapshot_gb_month: '3.096774193' },
      running: {},
    });
    const quote = (await json('quote', 'acme-studio', '--plan', 'studio', '--month', '2026-05')) as { lines: object[] };
    expect(quote).toMatchObject({ plan: 'studio', currency: 'USD', base: '50.00', overage: '0.00', total: '50.00' });
    for (const line of quote.lines) {
      expect(Object.keys(line)).toEqual(
        expect.arrayContaining(['kind', 'quantity', 'allowance', 'billable', 'unitPrice', 'amount']),
      );
    }
    expect(await json('quote', 'acme-studio')).toMatchObject({ plan: 'studio', total: '50.00' });
    const table = await runProcess(['usage', 'acme-studio', '--from', '2026-05-01', '--to', '2026-05-02']);
    expect(table.stdout).toMatch(/^KIND +QUANTITY {2}UNIT$/m);
    expect(table.stdout).toMatch(/^droplet_hours +48 {2}hour$/m);
  });

  test('plans can be listed and shown', async () => {
    const { items: plans } = (await json('plan', 'list')) as { items: { plan: string }[] };
    expect(plans.map(({ plan }) => plan)).toContain('studio');
    expect(await json('plan', 'show', 'studio')).toMatchObject({ plan: 'studio', currency: 'USD' });
    expect((await run(['plan', 'show', 'studio'])).stdout).toContain('droplet_hours');
  });
});
