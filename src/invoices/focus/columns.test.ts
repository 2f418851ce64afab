import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { columns } from './columns.ts';
import { type DatasetName, datasets } from './datasets.ts';
import { serviceOf } from './services.ts';

/** What FOCUS 1.4 says of its columns, as a table beside this repository; not a part of it. */
const published = fileURLToPath(new URL('../../../../shared/data/focus-columns.json', import.meta.url));

interface PublishedColumn {
  readonly column: string;
  readonly dataset: string;
  readonly feature_level: string;
  readonly data_type: string;
  readonly allows_nulls: boolean;
  readonly allowed_values: readonly string[] | Readonly<Record<string, readonly string[]>> | null;
}

/** Conditional and recommended columns that are left out: their condition is not met, docs/focus.md says why. */
const leftOut = new Set([
  'AllocatedMethodDetails',
  'AllocatedMethodId',
  'AllocatedResourceId',
  'AllocatedResourceName',
  'AllocatedTags',
  'AvailabilityZone',
  'BillingAccountType',
  'CapacityReservationId',
  'CapacityReservationStatus',
  'CommitmentDiscountCategory',
  'CommitmentDiscountId',
  'CommitmentDiscountName',
  'CommitmentDiscountQuantity',
  'CommitmentDiscountStatus',
  'CommitmentDiscountType',
  'CommitmentDiscountUnit',
  'CommitmentProgramEligibilityDetails',
  'ContractApplied',
  'PricingCategory',
  'PricingCurrency',
  'PricingCurrencyContractedUnitPrice',
  'PricingCurrencyEffectiveCost',
  'PricingCurrencyListUnitPrice',
  'SubAccountType',
]);

function readPublished(): readonly PublishedColumn[] | null {
  if (existsSync(published)) {
    const all = JSON.parse(readFileSync(published, 'utf8')) as readonly PublishedColumn[];
    return all;
  }
  process.stderr.write('NOT CHECKED: the columns of the export against the published table, which is not here.\n');
  return null;
}

const all = readPublished();
const table = all?.filter((column) => column.dataset === 'CostAndUsage') ?? null;

describe.runIf(table !== null)('against the published columns of FOCUS 1.4', () => {
  const ours = new Map<string, (typeof columns)[number]>(columns.map((column) => [column.name, column]));

  test.each(table ?? [])('$column ($feature_level)', (theirs) => {
    const own = ours.get(theirs.column);
    if (own === undefined) {
      expect(theirs.feature_level).not.toBe('Mandatory');
      expect(leftOut).toContain(theirs.column);
      return;
    }
    expect(leftOut).not.toContain(theirs.column);
    expect(own.type).toBe(theirs.data_type);
    expect(own.nullable).toBe(theirs.allows_nulls);
    if ('allowed' in own) expect(own.allowed).toEqual(theirs.allowed_values);
    else if (Array.isArray(theirs.allowed_values)) expect(theirs.column).toBe('ServiceCategory');
  });

  test('each service is in a category and a subcategory that there are', () => {
    const find = (name: string) => table?.find(({ column }) => column === name)?.allowed_values;
    const categories = find('ServiceCategory') as readonly string[];
    const subcategories = find('ServiceSubcategory') as Readonly<Record<string, readonly string[]>>;
    for (const resourceKind of [
      'droplet',
      'kubernetes_cluster',
      'spaces_bucket',
      'volume',
      'snapshot',
      'droplet_backup',
      'database',
      'app',
      'load_balancer',
      'dns_zone',
      'reserved_ip',
      'firewall',
      'something_new',
    ]) {
      const { category, subcategory } = serviceOf({ title: 'Something new', resourceKind }, 'something_new');
      expect(categories).toContain(category);
      expect(subcategories[category]).toContain(subcategory);
    }
  });
});

describe.runIf(all !== null)('the other datasets, against what is published of them', () => {
  const others = (all ?? []).filter(({ dataset }) => dataset === 'InvoiceDetail' || dataset === 'BillingPeriod');
  test.each(others)('$dataset.$column ($feature_level)', (theirs) => {
    const own = datasets[theirs.dataset as DatasetName].find(({ name }) => name === theirs.column);
    // Everything is paid in the currency in which it is billed.
    if (theirs.column.startsWith('PaymentCurrency')) return expect(own).toBeUndefined();
    expect(own).toMatchObject({ type: theirs.data_type, nullable: theirs.allows_nulls });
    if (theirs.allowed_values) expect(own?.allowed).toEqual(theirs.allowed_values);
  });
});

test("FOCUS's columns come first, in alphabetical order; ours begin with x_", () => {
  for (const names of Object.values(datasets).map((some) => some.map(({ name }) => name))) {
    const own = names.findIndex((name) => name.startsWith('x_'));
    const first = own === -1 ? names.length : own;
    for (const part of [names.slice(0, first), names.slice(first)]) expect(part).toEqual(part.toSorted());
    expect(names.slice(first).every((name) => /^x_[A-Z][A-Za-z]{0,48}$/.test(name))).toBe(true);
    expect(names.slice(0, first).every((name) => /^[A-Z][A-Za-z]{0,49}$/.test(name))).toBe(true);
    expect(new Set(names).size).toBe(names.length);
  }
});
