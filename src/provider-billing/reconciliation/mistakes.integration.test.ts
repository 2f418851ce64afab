import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openTestDatabase, type TestDatabase } from '../../../test/database.ts';
import { createDeployments } from '../../../test/fixtures/metering.ts';
import {
  openReconciledAccount,
  type ReconciledAccount,
  type ReconciledBill,
} from '../../../test/fixtures/reconciliation.ts';
import { soaking, timeoutOf } from '../../../test/soak.ts';
import { setOwnPrice } from '../../inventory/prices.ts';
import { Decimal } from '../../platform/quantity.ts';
import { mistakeInput } from '../../simulator/billing/mistakes.ts';
import { believedRules } from '../../simulator/billing/rules.ts';
import { insertDecision, selectDeploymentId } from './decisions.store.ts';
import { selectContradictions, selectEvidence } from './rules.store.ts';

// The agency's bills, of before it was connected and of what was lived; and a provider's mistakes, each of which must come
// back as its cause and as nothing else. `npm run soak` tries each alone, and all pairs.

let database: TestDatabase;
let account: ReconciledAccount;
const may = '2026-05';
const past = Array.from({ length: 12 }, (_, n) =>
  Temporal.PlainYearMonth.from('2025-04').add({ months: n }).toString(),
);

beforeAll(async () => {
  database = await openTestDatabase();
  const at = Temporal.Instant.from('2026-04-28T09:30:00Z');
  account = await openReconciledAccount(database, 'agency', { fleet: 'agency', seed: 1, at });
  // Forty seconds, which cost a cent at least.
  await account.advance({ hours: 120 });
  await account.opened.control('fleet', {
    events: [{ type: 'create_droplet', id: 77, name: 'short', size: 's-1vcpu-1gb' }],
  });
  await account.advance({ seconds: 40 });
  await account.opened.control('fleet', { events: [{ type: 'destroy', kind: 'droplet', id: 77 }] });
  for (let days = 5; days < 37; days += 4) {
    await account.sync();
    await account.advance({ hours: 96 });
  }
  await account.sync();
  const own = { from: Temporal.PlainDate.from('2020-01-01'), unit: 'month', evidence: 'the simulator' };
  for (const [size, amount] of [
    ['db-s-1vcpu-1gb', '15.15'],
    ['db-s-1vcpu-2gb', '30.45'],
    ['db-s-2vcpu-4gb', '60.90'],
    ['db-s-4vcpu-8gb', '122.10'],
  ] as const)
    await setOwnPrice(database.db, { subject: `database:${size}`, amount, ...own }, 'test', at);
  await account.reconcile(undefined, { monthsBefore: 12 });
}, timeoutOf(240_000));
afterAll(async () => {
  await account.close();
  await database.close();
});

const nothing = { causes: {}, unexplained: '0', allocated: '0', residual: '0', missing: 0, remarks: {} };
type Told = Omit<typeof nothing, 'causes' | 'remarks'> & {
  causes: Readonly<Record<string, number>>;
  remarks: Readonly<Record<string, number>>;
};

function counts(all: readonly string[]): Record<string, number> {
  return Object.fromEntries([...Map.groupBy(all, (each) => each)].map(([each, { length }]) => [each, length]));
}

/** What bills say beyond what they said before: apps have no price, with or without a mistake. */
function toldBy(bills: readonly ReconciledBill[], before: readonly ReconciledBill[] = []): Told {
  const sum = (key: 'unexplained' | 'allocated' | 'residual', of: readonly ReconciledBill[]) =>
    of.reduce((total, { bridge }) => total.plus(bridge[key]), new Decimal(0));
  const beyond = (key: 'unexplained' | 'allocated' | 'residual') => sum(key, bills).minus(sum(key, before)).toFixed();
  const lines = bills.flatMap((bill) => bill.lines);
  return {
    causes: counts(lines.map(({ cause }) => cause).filter((cause) => cause !== 'none' && cause !== 'unpriced')),
    remarks: counts(lines.flatMap(({ remarks }) => [...remarks])),
    unexplained: beyond('unexplained'),
    allocated: beyond('allocated'),
    residual: beyond('residual'),
    missing: bills.flatMap(({ missing }) => missing).length,
  };
}

/** Laws that hold of any bill, whatever is wrong with it. */
async function expectLaws(bills: readonly ReconciledBill[]): Promise<void> {
  for (const { bridge, differences, lines } of bills) {
    expect(lines.map(({ position }) => position)).toEqual(lines.map((_, at) => at + 1));
    const of = (outcome: string) => lines.filter((line) => line.outcome === outcome);
    const sum = (amounts: readonly string[]) => amounts.reduce((total, amount) => total.plus(amount), new Decimal(0));
    const caused = sum(differences.map(({ amount }) => amount ?? '0'));
    const parts = [bridge.expected, caused.toFixed(), bridge.allocated, bridge.unexplained, bridge.residual];
    expect(sum(parts).toFixed(2)).toBe(new Decimal(bridge.amount).toFixed(2));
    expect(sum(of('unexplained').map(({ amount }) => amount)).eq(bridge.unexplained)).toBe(true);
    expect(sum(of('allocated').map(({ amount }) => amount)).eq(bridge.allocated)).toBe(true);
  }
}

test('months of before the connection, and the one that was lived, have nothing unexplained and no residual', async () => {
  for (const month of [...past, '2026-04', may]) {
    const bills = await account.bills(month);
    expect(bills).toHaveLength(1);
    expect([month, toldBy(bills)]).toEqual([
      month,
      { ...nothing, allocated: new Decimal(bills[0]!.bridge.allocated).toFixed() },
    ]);
    expect(bills[0]!.bridge).toMatchObject({ unexplained: '0.00', residual: '0.00' });
    await expectLaws(bills);
  }
  // Since 2026 everything but the app has a price, and comes to it.
  const [bill] = await account.bills(may);
  const unpriced = bill!.lines.filter(({ cause }) => cause === 'unpriced');
  expect(unpriced.map(({ product }) => product)).toEqual(['Apps']);
  expect(bill!.lines.filter(({ outcome }) => outcome === 'matched').length).toBeGreaterThan(250);
  // The same again writes nothing.
  expect(await account.reconcile(undefined, { read: false })).toBe(0);
});

interface Case {
  readonly mistake: Readonly<Record<string, unknown>>;
  readonly told: Partial<Told>;
  /** What is allocated, where that depends on what else is on the bills. */
  readonly allocated?: (bills: readonly ReconciledBill[]) => Decimal;
}

const isAddedAfter = ({ product, description }: ReconciledBill['lines'][number]) =>
  product === 'Taxes' || product === 'Credits' || description?.startsWith('Refund: ') === true;

function amountOf(lines: ReconciledBill['lines']): Decimal {
  return lines.reduce((sum, { amount }) => sum.plus(amount), new Decimal(0));
}

/** A tax is of all that each bill charges. */
function taxOf(percent: string): (bills: readonly ReconciledBill[]) => Decimal {
  return (bills) =>
    bills
      .map(({ lines }) => amountOf(lines.filter((line) => !isAddedAfter(line))))
      .reduce(
        (sum, base) => sum.plus(base.times(percent).div(100).toDecimalPlaces(2, Decimal.ROUND_HALF_UP)),
        new Decimal(0),
      );
}

/** A credit of so much more than all that its bill charges. */
function creditAbove(more: string): (bills: readonly ReconciledBill[]) => Decimal {
  const isCredit = ({ product }: ReconciledBill['lines'][number]) => product === 'Credits';
  return (bills) => {
    const { lines } = bills.find((each) => each.lines.some(isCredit))!;
    return amountOf(lines.filter((line) => !isCredit(line)))
      .plus(more)
      .negated();
  };
}

/** Each bucket's transfer. */
function transferOfBuckets(bills: readonly ReconciledBill[]): Decimal {
  const lines = bills
    .flatMap((each) => each.lines)
    .filter(({ description }) => / outbound transfer /.test(description ?? ''));
  expect(lines.length).toBeGreaterThan(0);
  return amountOf(lines);
}

/** So many groups of mistakes are tried, those of one at once. */
const groups = 4;

/** A droplet that was there all of May, without backups; the n-th. */
let steady: readonly string[] = [];
const droplet = (n: number) => ({ resource: steady[n], product: 'Droplets' });
const month = { month: may };

const cases: Readonly<Record<string, () => Case>> = {
  extra_hours: () => ({ mistake: { ...month, ...droplet(0) }, told: { causes: { hours: 1 } } }),
  wrong_price: () => ({ mistake: { ...month, ...droplet(1) }, told: { causes: { price: 1 } } }),
  cap_ignored: () => ({ mistake: { ...month, ...droplet(2) }, told: { causes: { cap: 1 } } }),
  minimum_ignored: () => ({ mistake: { ...month, resource: '77' }, told: { causes: { minimum: 1 } } }),
  not_ended: () => ({ mistake: { ...month, product: 'GPU Droplets' }, told: { causes: { outside_life: 1 } } }),
  missing_line: () => ({ mistake: { ...month, ...droplet(3) }, told: { missing: 1 } }),
  doubled_line: () => ({ mistake: { ...month, ...droplet(4) }, told: { causes: { doubled: 1 } } }),
  ghost_line: () => ({ mistake: { ...month, amount: '12.00' }, told: { unexplained: '12' } }),
  wrong_id: () => ({ mistake: { ...month, ...droplet(5) }, told: { remarks: { wrong_id: 1 } } }),
  no_id: () => ({ mistake: { ...month, ...droplet(6) }, told: { remarks: { no_id: 1 } } }),
  other_end_convention: () => ({ mistake: month, told: {} }),
  seconds_unit: () => ({ mistake: month, told: {} }),
  unknown_product: () => ({ mistake: { ...month, amount: '7.77' }, told: { unexplained: '7.77' } }),
  renamed_product: () => ({
    mistake: { ...month, product: 'GPU Droplets', to: 'Accelerators' },
    told: { remarks: { unknown_product: 1 } },
  }),
  renamed_project: () => ({ mistake: { ...month, from: 'Agency', to: 'Agency Ltd' }, told: {} }),
  credit: () => ({ mistake: { ...month, amount: '10.00' }, told: { allocated: '-10' } }),
  promo_in_header_only: () => ({ mistake: { ...month, amount: '5.00' }, told: { residual: '-5' } }),
  refund_next_month: () => ({ mistake: { month: '2026-04', ...droplet(7) }, told: { causes: { refund: 1 } } }),
  reissue_same_uuid: () => ({ mistake: { ...month, ...droplet(8), days: 1 }, told: {} }),
  reissue_new_uuid: () => ({ mistake: { ...month, ...droplet(9), days: 1 }, told: {} }),
  supplement: () => ({ mistake: { ...month, ...droplet(10), days: 1 }, told: {} }),
  header_off_by_cent: () => ({ mistake: month, told: { residual: '0.01' } }),
  tax: () => ({ mistake: { ...month, percent: '6.25' }, told: {}, allocated: taxOf('6.25') }),
  tax_change: () => ({ mistake: { ...month, from: '4', to: '7.5' }, told: {}, allocated: taxOf('7.5') }),
  credit_above_bill: () => ({ mistake: { ...month, amount: '40.00' }, told: {}, allocated: creditAbove('40.00') }),
  bucket_lines: () => ({ mistake: { ...month, gib: 12 }, told: {}, allocated: transferOfBuckets }),
  late_invoice: () => ({ mistake: { ...month, days: 1 }, told: {} }),
  two_teams: () => ({ mistake: month, told: { unexplained: '36' } }),
  bandwidth: () => ({ mistake: month, told: { allocated: '5' } }),
  // The preview that is read beside it is made anew meanwhile.
  regenerate_while_paging: () => ({ mistake: { month: '2026-06', count: 1 }, told: {} }),
  price_change_mid_month: () => ({ mistake: { ...month, ...droplet(11) }, told: { causes: { price: 1 } } }),
};

/** Those that are about all lines of a bill, or about its amount: alone only. */
const alone: Readonly<Record<string, (lines: number) => Case>> = {
  discount: (lines) => ({ mistake: { ...month, percent: 10 }, told: { causes: { discount: lines } } }),
};

async function bill(): Promise<readonly ReconciledBill[]> {
  await account.reconcile([may]);
  return account.bills(may);
}

async function expectTold(
  names: readonly string[],
  made: readonly Case[],
  before: readonly ReconciledBill[],
): Promise<void> {
  for (const [at, { mistake }] of made.entries())
    await account.opened.control('billing/mistakes', { mistake: names[at], ...mistake });
  try {
    const bills = await bill();
    const told = toldBy(bills, before);
    const add = (key: 'unexplained' | 'allocated' | 'residual') =>
      made
        .map((each) => (key === 'allocated' ? each.allocated?.(bills) : undefined) ?? new Decimal(each.told[key] ?? 0))
        .reduce((sum, each) => sum.plus(each), new Decimal(0))
        .toFixed();
    const merge = (key: 'causes' | 'remarks') =>
      made.reduce<Record<string, number>>((all, each) => {
        for (const [name, count] of Object.entries(each.told[key] ?? {})) all[name] = (all[name] ?? 0) + count;
        return all;
      }, {});
    expect({ names, ...told }).toEqual({
      names,
      causes: merge('causes'),
      remarks: merge('remarks'),
      unexplained: add('unexplained'),
      allocated: add('allocated'),
      residual: add('residual'),
      missing: made.reduce((sum, each) => sum + (each.told.missing ?? 0), 0),
    });
    await expectLaws(bills);
  } finally {
    await account.opened.send('/_simulator/billing/mistakes', { method: 'DELETE' });
  }
}

describe('mistakes', () => {
  let before: readonly ReconciledBill[];
  beforeAll(async () => {
    before = await account.bills(may);
    const backedUp = new Set(
      before[0]!.lines.filter(({ product }) => product === 'Droplet Backups').map(({ resource }) => resource),
    );
    const whole = before[0]!.lines.filter(
      ({ product, startTime, endTime, resource }) =>
        product === 'Droplets' &&
        startTime?.toString() === '2026-05-01T00:00:00Z' &&
        endTime?.toString() === '2026-06-01T00:00:00Z' &&
        !backedUp.has(resource),
    );
    steady = whole.map(({ externalId }) => externalId!);
    expect(steady.length).toBeGreaterThan(12);
  });

  /** Tries all, and names every one that came back as something else. */
  async function expectAll(all: readonly (readonly string[])[]): Promise<void> {
    const wrong: string[] = [];
    for (const names of all)
      try {
        await expectTold(
          names,
          names.map((name) => cases[name]!()),
          before,
        );
      } catch (error) {
        wrong.push(`${names.join(' and ')}: ${String(error)}`);
      }
    expect(wrong).toEqual([]);
  }

  test(
    'several at once come back as their causes, and as nothing else',
    async () => {
      const names = Object.keys(cases);
      for (let group = 0; group < groups; group++) {
        const some = names.filter((_, at) => at % groups === group);
        await expectTold(
          some,
          some.map((name) => cases[name]!()),
          before,
        );
      }
    },
    timeoutOf(240_000),
  );

  test('none that the simulator can make is left out', () => {
    const names = mistakeInput.options.map((option) => String(option.shape.mistake.value));
    expect([...Object.keys(cases), ...Object.keys(alone)].toSorted()).toEqual(names.toSorted());
  });

  test(
    'two on one line come back as what both are, and as unknown where no one cause explains it',
    async () => {
      const both: [number, string, string][] = [
        [0, 'wrong_id', 'wrong_price'],
        [1, 'no_id', 'extra_hours'],
        [2, 'doubled_line', 'wrong_price'],
        [3, 'extra_hours', 'wrong_price'],
        [4, 'cap_ignored', 'wrong_price'],
      ];
      for (const [at, ...names] of both)
        for (const mistake of names)
          await account.opened.control('billing/mistakes', { mistake, ...month, ...droplet(at) });
      try {
        const bills = await bill();
        expect(toldBy(bills, before)).toEqual({
          ...nothing,
          causes: { price: 3, hours: 1, doubled: 1, unknown: 1 },
          remarks: { wrong_id: 1, no_id: 1 },
        });
        await expectLaws(bills);
      } finally {
        await account.opened.send('/_simulator/billing/mistakes', { method: 'DELETE' });
      }
    },
    timeoutOf(60_000),
  );

  test(
    'what was assigned stays so when the bill is issued again, wherever its line is then',
    async () => {
      const { db } = database;
      await createDeployments(db, ['assigned'], Temporal.Instant.from('2026-01-01T00:00:00Z'));
      await account.opened.control('billing/mistakes', { mistake: 'unknown_product', ...month, amount: '7.77' });
      try {
        const strange = ({ lines }: ReconciledBill) => lines.find(({ product }) => product === 'Serverless Inference')!;
        const [first] = await bill();
        expect(strange(first!).outcome).toBe('unexplained');
        const { rows } = await sql<{ id: number }>`
          SELECT bill_version_id AS id FROM provider_bill_versions WHERE bill_id = ${first!.bill} AND superseded_at = 'infinity'`.execute(
          db,
        );
        const { position } = strange(first!);
        const deploymentId = await selectDeploymentId(db, 'assigned');
        const decision = { versionId: rows[0]!.id, position, kind: 'assign', deploymentId, reason: 'theirs' } as const;
        await db.transaction().execute((trx) => insertDecision(trx, decision, 'test', account.opened.simulator.now()));
        expect(strange((await bill())[0]!)).toMatchObject({ outcome: 'allocated', rule: 'decision' });
        await account.opened.control('billing/mistakes', { mistake: 'doubled_line', ...month, ...droplet(4) });
        const [again] = await bill();
        expect(strange(again!).position).toBe(position + 1);
        expect(strange(again!)).toMatchObject({ outcome: 'allocated', rule: 'decision' });
      } finally {
        await account.opened.send('/_simulator/billing/mistakes', { method: 'DELETE' });
      }
    },
    timeoutOf(60_000),
  );

  test.runIf(soaking)(
    'each comes back as its cause, and as nothing else',
    async () => {
      await expectAll(Object.keys(cases).map((name) => [name]));
    },
    timeoutOf(0),
  );

  test(
    'a discount is found by what all lines have in common',
    async () => {
      const { mistake } = alone['discount']!(0);
      await account.opened.control('billing/mistakes', { mistake: 'discount', ...mistake });
      const told = toldBy(await bill());
      await account.opened.send('/_simulator/billing/mistakes', { method: 'DELETE' });
      expect(Object.keys(told.causes).filter((cause) => cause !== 'rounding')).toEqual(['discount']);
      expect(told.causes['discount']).toBeGreaterThan(250);
    },
    timeoutOf(60_000),
  );

  test.runIf(soaking)(
    'pairs come back as both causes',
    async () => {
      const names = Object.keys(cases);
      await expectAll(names.flatMap((first, at) => names.slice(at + 1).map((second) => [first, second])));
    },
    timeoutOf(0),
  );
});

test.each([
  ['monthly_from_2026', 'seconds', may],
  ['monthly_from_2026', 'month_hours', may],
  ['droplet_cap', 'highest', may],
  ['droplet_cap', 'first', may],
  ['rate_digits', 'five', may],
  ['snapshot_unit', 'gb', may],
  ['duration_before_2026', 'exact', '2025-12'],
])(
  '%s: evidence names %s where the provider counts so',
  async (rule, variant, of) => {
    await account.opened.control('billing/rules', { [rule]: variant });
    try {
      await account.reconcile(undefined, { monthsBefore: 12 });
      const at = Temporal.Instant.from(`${of}-01T00:00:00Z`);
      const evidence = (await selectEvidence(database.db, at)).filter((row) => row.rule === rule);
      const named = evidence.find((row) => row.variant === variant)!;
      const others = evidence.filter((row) => row !== named);
      const page = { rule, variant, limit: 10, after: null };
      expect(await selectContradictions(database.db, page)).toEqual([]);
      expect([named.explained > 0, named.contradicted]).toEqual([true, 0]);
      expect(others.filter(({ contradicted }) => contradicted === 0)).toEqual([]);
    } finally {
      await account.opened.control('billing/rules', believedRules);
    }
  },
  timeoutOf(120_000),
);
