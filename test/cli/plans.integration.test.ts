import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createDeployments } from '../fixtures/metering.ts';
import { openTestDatabase, type TestDatabase } from '../database.ts';
import { answerOf, makeFolder } from '../end-to-end/arcadia.ts';
import { arcadiaHere } from './here.ts';

// Plans, who is on them, and what usage costs on them, command by command.

let database: TestDatabase;
const folder = makeFolder();

beforeAll(async () => {
  database = await openTestDatabase();
  await createDeployments(database.db, ['ash'], Temporal.Instant.from('2026-01-01T00:00:00Z'));
});
afterAll(async () => {
  await database.close();
  folder.remove();
});

function run(...args: readonly string[]) {
  const env = { DATABASE_URL: database.connectionString, ARCADIA_DATA_DIR: folder.path };
  return arcadiaHere(args, { env, cwd: folder.path });
}
async function json(...args: readonly string[]): Promise<any> {
  return answerOf(await run(...args, '--json'));
}

test('a plan file is previewed, asked about, and applied', async () => {
  const studio = readFileSync(new URL('../../plans/studio.yaml', import.meta.url), 'utf8');
  const dearer = studio.replace('from: 2000-01-01', 'from: 2030-01-01').replace('base: 50.00', 'base: 55.00');
  writeFileSync(join(folder.path, 'studio.yaml'), dearer);
  const preview = await run('plan', 'preview', 'studio.yaml', '--exit-code');
  expect(preview.code).toBe(3);
  expect(preview.stdout).toMatch(/base +50.00 +55.00/);
  expect(preview.stdout).toMatch(
    /warning: volume_gb_month is priced .* To bill it: arcadia kind enable volume_gb_month --from 2030-01-01\n/,
  );

  const asked = await run('plan', 'apply', 'studio.yaml');
  expect(asked).toMatchObject({ code: 1, stdout: '' });
  expect(asked.stderr).toMatch(/base +50.00 +55.00[^]*--yes/);
  const applied = await json('plan', 'apply', 'studio.yaml', '--yes');
  expect(applied).toMatchObject({ written: 1 });
  expect(applied.warnings.map(({ code, next }: any) => [code, next.arguments.kind])).toEqual([
    ['not_metered', 'load_balancer_hours'],
    ['not_metered', 'reserved_ip_hours'],
    ['not_metered', 'volume_gb_month'],
  ]);
  // What would change nothing needs no question.
  expect((await run('plan', 'apply', 'studio.yaml')).stdout).toBe('Nothing differs; nothing was written.\n');
  const { items } = await json('plan', 'versions', 'studio');
  expect(items.map(({ from, base }: any) => [from, base])).toEqual([
    ['2000-01-01', '50.00'],
    ['2030-01-01', '55.00'],
  ]);
});

test('a plan says what it passes on, and with which markup', async () => {
  const text = `plan: passing
name: Passing
from: 2026-01-01
currency: USD
base: 0.00
items: []
passThrough:
  - product: Database*
    markupPercent: 20
  - resourceKind: kubernetes_cluster
    markupPercent: 0
`;
  writeFileSync(join(folder.path, 'passing.yaml'), text);
  expect(await json('plan', 'apply', 'passing.yaml', '--yes')).toMatchObject({ written: 1 });
  for (const view of ['show', 'sheet'])
    expect((await run('plan', view, 'passing')).stdout).toMatch(
      /PASSED ON AT COST +MARKUP\nDatabase\* +20 %\nevery kubernetes_cluster +0 %\n/,
    );
});

test('a subscription is started, paused and ended, each by a command of its own', async () => {
  const started = await run('subscription', 'start', 'ash', '--plan', 'studio', '--from', '2026-01-01');
  expect(started.stdout).toBe('ash is on studio from 2026-01-01 00:00:00Z.\n');
  const again = await run('subscription', 'start', 'ash', '--plan', 'atelier', '--from', '2026-02-01');
  expect(again.stderr).toContain('next:  arcadia subscription change ash --plan <plan> --from <from>');
  expect(again.stderr).toContain('code:  already_subscribed');
  expect(await json('subscription', 'pause', 'ash', '--from', '2026-03-01', '--to', '2026-03-11')).toEqual({
    changed: true,
  });
  expect((await run('subscription', 'end', 'ash', '--from', '2026-09-01')).stderr).toContain('--yes');
  await json('subscription', 'end', 'ash', '--from', '2026-09-01', '--yes');
  expect((await run('subscription', 'show', 'ash')).stdout).toMatch(/studio +paused +2026-03-01 .* 2026-03-11 /);
});

test('usage, a file of resources and a deployment are set on plans side by side', async () => {
  const usage = await run(
    'quote',
    'usage',
    '--usage',
    'droplet_hours=1500',
    '--plan',
    'studio,atelier',
    '--month',
    '2026-05',
  );
  expect(usage.stdout).toContain('2026-05. The usage given.');
  expect(usage.stdout).toMatch(/base fee +- +50.00 +\d+\.\d\d/);
  writeFileSync(join(folder.path, 'new.yaml'), '- { kind: droplet, size: s-1vcpu-1gb, count: 2, hours: 10.50 }\n');
  expect(await json('quote', 'resources', 'new.yaml', '--plan', 'studio', '--month', '2026-05')).toMatchObject({
    usage: { droplet_hours: '21' },
    quotes: [{ plan: 'studio', total: '50.00' }],
  });
  expect(await json('quote', 'compare', 'ash', '--plan', 'all', '--month', '2026-05')).toMatchObject({
    month: '2026-05',
    usage: {},
  });
});
