import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { assign } from '../../src/deployments/assignments.ts';
import { insertLiving, writeState } from '../fixtures/inventory.ts';
import { at, createDeployments, insertAccount, insertSync } from '../fixtures/metering.ts';
import { openTestDatabase, type TestDatabase } from '../database.ts';
import { answerOf, makeFolder } from '../end-to-end/arcadia.ts';
import { arcadiaHere } from './here.ts';

// How an operator meets corrections, explanations, gaps and billing kinds: one command after another.

let database: TestDatabase;
let web: number;
const folder = makeFolder();
const now = at('2026-06-01T01:00:00Z');

beforeAll(async () => {
  database = await openTestDatabase();
  const { db } = database;
  await sql`INSERT INTO simulated_clock (instant) VALUES (${now})`.execute(db);
  const team = await insertAccount(db, 'team');
  await sql`UPDATE accounts SET metered_from = '2026-05-29'`.execute(db);
  await createDeployments(db, ['ash', 'birch'], at('2026-01-01'));
  web = await insertLiving(db, team, 'droplet', 'web', { name: 'web', attributes: { vcpus: 2 } }, at('2026-05-01'));
  await assign(db, { resourceIds: [web], owners: [{ slug: 'ash', weight: 1 }], from: at('2026-05-01') }, 'ana', now);
  await insertSync(db, team, 'droplet', at('2026-05-31T00:00:00Z'));
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

describe('a correction', () => {
  test('is seen before it is written, and what was is not forgotten', async () => {
    expect((await run('meter')).code).toBe(0);
    const { db } = database;
    await writeState(
      db,
      web,
      { name: 'web', status: 'off', attributes: { vcpus: 2 } },
      at('2026-05-30'),
      at('2026-05-31'),
      now,
    );

    const diff = await run('meter', 'diff', '--from', '2026-05-29', '--to', '2026-06-01', '--exit-code');
    expect(diff.code).toBe(3);
    expect(diff.stdout).toMatch(/ash +droplet_hours +72 +48 +-24/);
    expect(diff.stdout).toContain(`droplet web (${web})`);
    const {
      items: [{ revision }],
    } = await json('meter', 'runs', '--limit', '1');
    expect((await run('meter', '--from', '2026-05-29', '--to', '2026-06-01')).code).toBe(0);
    expect(await json('usage', 'show', 'ash', '--month', '2026-05')).toMatchObject({ usage: { droplet_hours: '48' } });
    expect(await json('usage', 'as-of', 'ash', String(revision), '--month', '2026-05')).toMatchObject({
      asOfRevision: revision,
      usage: { droplet_hours: '72' },
    });
    const unknown = await run('usage', 'as-of', 'ash', '999');
    expect(unknown).toMatchObject({ code: 1 });
    expect(unknown.stderr).toContain('arcadia meter runs');
  });
});

describe('an explanation', () => {
  test('is a table for a person, and the same in JSON', async () => {
    const args = ['usage', 'explain', 'ash', '--kind', 'droplet_hours', '--month', '2026-05'];
    const text = await run(...args);
    expect(text.code).toBe(0);
    expect(text.stdout).toContain('ash, droplet_hours (Droplet hours, running), May 2026 (UTC): 48 hour');
    expect(text.stdout).toMatch(/2026-05-30 00:00:00Z +2026-05-31 00:00:00Z +off +0 +all +0 +listing +assigned by ana/);
    expect(text.stdout).toContain('estimated from 2026-05-31 00:00:00Z');
    expect(text.stdout).toMatch(/2026-05-29 +24 +1 +\d+ +confirmed/);
    expect(await json(...args)).toMatchObject({ quantity: '48', explained: '48', items: [{ resourceId: web }] });
  });
});

describe('what nobody saw', () => {
  test('is listed, keeps the month from being final, and is confirmed by a word that can be taken back', async () => {
    const status = await run('usage', 'status', '--month', '2026-05');
    expect(status.stdout).toContain('May 2026 (UTC) is complete, not confirmed, not final.');
    expect(status.stdout).toContain('then sync it');
    const gaps = await run('usage', 'gaps', '--month', '2026-05');
    expect(gaps.stdout).toMatch(/team +droplet +2026-05-31 00:00:00Z +open .* ash +24 droplet_hours/);

    const through = ['--through', '2026-06-01', '--reason', 'seen in the console'];
    const word = await json('usage', 'confirm', '--account', 'team', '--kind', 'droplet', ...through);
    expect(await json('usage', 'status', '--month', '2026-05')).toMatchObject({ final: true, blockers: [] });
    expect((await run('usage', 'confirmation', 'withdraw', String(word.confirmationId))).code).toBe(0);
    const listed = await run('usage', 'confirmation', 'list');
    expect(listed.stdout).toMatch(/team +droplet +2026-06-01 00:00:00Z .* seen in the console +2026-06-01/);
    expect(
      await json('usage', 'limit', 'set', 'droplet', '--carry-forward-hours', '24', '--from', '2026-05-01'),
    ).toMatchObject({
      gapAfterHours: 6,
      carryForwardHours: 24,
    });
  });
});

describe('a meter', () => {
  test('is added from options or a file, enabled back to the beginning, and changed from a day on', async () => {
    const options = [
      '--title',
      'Two',
      '--of',
      'droplet',
      '--accrual',
      'hours',
      '--unit',
      'hour',
      '--filter',
      'vcpus=2',
    ];
    const added = await run('kind', 'add', 'two_vcpu_hours', ...options, '--status', 'active');
    expect(added.stdout).toBe('two_vcpu_hours is there.\n');
    const file = join(folder.path, 'kinds.yaml');
    const pairs =
      '{ kind: pair_hours, title: Pairs, resourceKind: droplet, accrual: hours, unit: pair, weight: { attribute: vcpus, divisor: 2 } }';
    writeFileSync(file, `kinds:\n  - ${pairs}\n`);
    expect(await json('kind', 'import', file)).toEqual({ added: ['pair_hours'] });
    expect((await run('kind', 'enable', 'pair_hours', '--from', '2000-01-01')).stdout).toContain('From 2000-01-01 on');
    const set = await run(
      'kind',
      'set',
      'pair_hours',
      '--granularity',
      'hour',
      '--weight',
      'vcpus',
      '--from',
      '2026-05-31',
    );
    expect(set.stdout).toBe('Changed pair_hours from 2026-05-31 on.\n');
    expect((await run('meter')).code).toBe(0);
    const { usage } = await json('usage', 'ash', '--month', '2026-05');
    expect(usage).toEqual({ droplet_hours: '48', pair_hours: '96' }); // two days of one pair, one of two processors
    expect((await run('kind', 'show', 'pair_hours')).stdout).toMatch(/2000-01-01 +any +- +vcpus \/ 2/);
    const refused = await run('kind', 'add', 'worse', ...options, '--weight', 'vcpus:0');
    expect(refused.stderr).toContain('--weight (divisor)');
  });
});
