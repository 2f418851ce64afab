import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openTestDatabase, type TestDatabase } from '../../../test/database.ts';
import { createDeployments } from '../../../test/fixtures/metering.ts';
import { openReconciledAccount, type ReconciledAccount } from '../../../test/fixtures/reconciliation.ts';
import { soakRuns, timeoutOf } from '../../../test/soak.ts';
import { importBill, readBillFile } from '../import.ts';
import { rewriteAllocation } from './allocation.store.ts';
import { selectDeploymentId } from './decisions.store.ts';
import { selectShares } from './shown.store.ts';

// B7 of what is shared by cost, at random: shares add up, each is within a cent of its exact part, what is given back is the
// mirror of what was charged, and who bears a line does not rest on what deployments are called, but where parts are equal.

const slugs = ['a', 'b', 'c', 'd', 'e'] as const;
let database: TestDatabase;
let account: ReconciledAccount;

beforeAll(async () => {
  database = await openTestDatabase();
  const { db } = database;
  const at = Temporal.Instant.from('2026-05-01T00:00:00Z');
  account = await openReconciledAccount(database, 'split', { fleet: 'bare', seed: 1, resources: 1, at });
  const from = Temporal.Instant.from('2024-01-01T00:00:00Z');
  await createDeployments(db, slugs, from);
  for (const slug of slugs) {
    const set = {
      rule: null,
      position: '10',
      product: 'Droplets',
      description: `${slug} (*`,
      project: null,
      resource: null,
      method: 'deployment' as const,
      deploymentId: await selectDeploymentId(db, slug),
    };
    await db.transaction().execute((trx) => rewriteAllocation(trx, { set, unset: null }, from, 'test', from));
  }
}, timeoutOf(60_000));
afterAll(async () => {
  await account?.close();
  await database?.close();
});

const text = (cents: number) =>
  `${cents < 0 ? '-' : ''}${Math.trunc(Math.abs(cents) / 100)}.${`${Math.abs(cents) % 100}`.padStart(2, '0')}`;

/** In cents, what each deployment bears of each line, on a bill on which these are what the deployments cost. */
async function sharesOf(costs: ReadonlyMap<string, number>, lines: readonly number[]): Promise<Map<string, number>[]> {
  const times = (hours: string) => `${hours},2024-02-01 00:00:00 +0000,2024-02-29 00:00:00 +0000`;
  const csv = [
    'product,group_description,description,hours,start,end,USD,project_name,category',
    ...[...costs].map(([slug, cost]) => `Droplets,,${slug} (s-8vcpu-16gb),${times('672')},$${text(cost)},,iaas`),
    ...lines.map((line, at) => `${line < 0 ? 'Credits' : 'Support'},,number ${at},${times('')},${text(line)},,iaas`),
    '',
  ].join('\n');
  const asked = { payer: 'split', csv, file: await readBillFile(csv), month: Temporal.PlainDate.from('2024-02-01') };
  await importBill(database.db, { ...asked, number: null, amount: null }, 'test', account.opened.simulator.now());
  await account.reconcile(['2024-02'], { read: false });
  const [bill] = await account.bills('2024-02');
  const all: Map<string, number>[] = [];
  for (const at of lines.keys()) {
    const shares = await selectShares(database.db, bill!.bridge.reconciliationId, costs.size + at + 1);
    all.push(new Map(shares.map(({ deployment, amount }) => [deployment!, Math.round(Number(amount) * 100)])));
  }
  return all;
}

test(
  'whatever deployments cost and whatever is shared: it adds up, to the cent, either way and by any name',
  async () => {
    const split = fc.record({
      costs: fc.array(fc.integer({ min: 1, max: 100_000 }), { minLength: 1, maxLength: slugs.length }),
      lines: fc.array(fc.integer({ min: 1, max: 1_000_000 }), { minLength: 1, maxLength: 3 }),
      turn: fc.nat(slugs.length - 1),
    });
    await fc.assert(
      fc.asyncProperty(split, async ({ costs, lines, turn }) => {
        const total = costs.reduce((sum, cost) => sum + cost, 0);
        const named = (by: number) => costs.map((cost, at) => [slugs[(at + by) % slugs.length]!, cost] as const);
        const both = [...lines, ...lines.map((line) => -line)];
        const shares = await sharesOf(new Map(named(0)), both);
        const turned = await sharesOf(new Map(named(turn)), both);
        for (const [at, line] of lines.entries()) {
          /** Exactly, in parts of a cent of which `total` are one. */
          const rests = costs.map((cost) => (line * cost) % total);
          const [charged, mirrored, other] = [shares[at]!, shares[at + lines.length]!, turned[at]!];
          let sum = 0;
          for (const [place, [slug, cost]] of named(0).entries()) {
            const share = charged.get(slug) ?? 0;
            sum += share;
            expect([slug, Math.abs(share * total - line * cost) < total]).toEqual([slug, true]);
            expect([slug, (mirrored.get(slug) ?? 0) + share]).toEqual([slug, 0]);
            const same = (other.get(named(turn)[place]![0]) ?? 0) === share;
            const isTied = rests.filter((rest) => rest === rests[place]).length > 1;
            expect([slug, same || isTied]).toEqual([slug, true]);
          }
          expect(sum).toBe(line);
        }
      }),
      { numRuns: soakRuns(8), endOnFailure: true },
    );
  },
  timeoutOf(120_000),
);
