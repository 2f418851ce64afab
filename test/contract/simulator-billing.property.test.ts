import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ruleVariants } from '../../src/simulator/billing/rules.ts';
import type { FleetName } from '../../src/simulator/server.ts';
import { soakRuns } from '../soak.ts';
import { open, type Opened } from './simulator-client.ts';

// What the answers about bills say of each other, whatever the fleet, the rules and the mistakes.

const INVOICES = '/v2/customers/my/invoices';

const rules = fc.record(
  Object.fromEntries(Object.entries(ruleVariants).map(([rule, variants]) => [rule, fc.constantFrom(...variants)])),
);
const product = fc.constantFrom('Droplets', 'Droplet Snapshots', 'Volumes', 'Kubernetes Clusters', 'Database Clusters');
const ofProducts = [
  'extra_hours',
  'wrong_price',
  'cap_ignored',
  'minimum_ignored',
  'not_ended',
  'missing_line',
  'doubled_line',
  'wrong_id',
  'no_id',
  'other_end_convention',
  'seconds_unit',
  'discount',
  'refund_next_month',
  'reissue_same_uuid',
  'reissue_new_uuid',
  'supplement',
  'price_change_mid_month',
];
const ofMonths = [
  'ghost_line',
  'unknown_product',
  'credit',
  'credit_above_bill',
  'promo_in_header_only',
  'tax',
  'tax_change',
  'header_off_by_cent',
  'late_invoice',
  'regenerate_while_paging',
  'two_teams',
  'bandwidth',
  'bucket_lines',
];
const month = fc.constantFrom('2025-11', '2026-03', '2026-04', '2026-05', '2026-06');
const mistake = fc.oneof(
  fc.record({ mistake: fc.constantFrom(...ofProducts), month, product }),
  fc.record({ mistake: fc.constantFrom(...ofMonths), month }),
  fc.record({ mistake: fc.constant('renamed_product'), month, product, to: fc.constant('Something') }),
  fc.record({ mistake: fc.constant('renamed_project'), month, from: fc.constant('Agency'), to: fc.constant('X') }),
);
const fleet = fc.constantFrom<FleetName>('pilot', 'agency', 'hoster');
/** Hours into May and June. */
const hours = fc.integer({ min: 0, max: 61 * 24 });

const cents = (amount: string) => Math.round(Number(amount) * 100);
const total = (amounts: readonly string[]) => amounts.reduce((sum, amount) => sum + cents(amount), 0);

test('items, pages, CSV, summary, header, preview, balance, history and Insights agree', async () => {
  await fc.assert(
    fc.asyncProperty(
      fleet,
      fc.nat(100_000),
      hours,
      rules,
      fc.array(mistake, { maxLength: 4 }),
      async (name, seed, at, held, wrong) => {
        const opened = await open({
          fleet: name,
          seed,
          at: Temporal.Instant.from('2026-05-01T00:00:00Z').add({ hours: at }),
          ...(name === 'hoster' && { resources: 200 }),
        });
        await opened.control('limits', { perHour: null, perMinute: null });
        await opened.control('billing/rules', held);
        for (const each of wrong) await opened.control('billing/mistakes', each);
        try {
          await agree(opened, wrong);
        } finally {
          await opened.close();
        }
      },
    ),
    { numRuns: soakRuns(25) },
  );
});

async function agree(opened: Opened, wrong: readonly { mistake: string; month: string }[]): Promise<void> {
  const { invoices, invoice_preview: preview } = (await opened.send(`${INVOICES}?per_page=200`)).body;
  const listed: Record<string, string>[] = invoices;
  expect(new Set(listed.map((invoice) => invoice['invoice_uuid'])).size).toBe(listed.length);
  for (const invoice of listed.slice(0, 4)) {
    const off = wrong
      .filter((each) => each.mistake === 'header_off_by_cent' && each.month === invoice['invoice_period'])
      .map(() => 1);
    await agreeInvoice(opened, invoice, off.length);
  }
  await agreeInvoice(opened, { ...preview, invoice_uuid: 'preview' }, 0);

  const balance = (await opened.send('/v2/customers/my/balance')).body;
  const history = await opened.all('/v2/customers/my/billing_history', 'billing_history', 7);
  expect(balance.month_to_date_usage).toBe(preview.amount);
  expect(cents(balance.account_balance)).toBe(total(history.map((entry) => entry.amount)));
  expect(cents(balance.month_to_date_balance)).toBe(total([balance.account_balance, preview.amount]));
  // Whatever was replaced in between, what the history adds up to without payments is what the invoices come to.
  const invoiced = history.filter((entry) => entry.type !== 'Payment').map((entry) => entry.amount);
  expect(total(invoiced)).toBe(total(listed.map((invoice) => invoice['amount'] ?? '')));
  await agreeDays(opened, preview);
}

async function agreeInvoice({ all, send }: Opened, invoice: Record<string, string>, off: number): Promise<void> {
  const path = `${INVOICES}/${invoice['invoice_uuid']}`;
  const items = (await all(path, 'invoice_items', 200)) as Record<string, string>[];
  const amounts = items.map((item) => item['amount'] ?? '');
  const { body: summary } = await send(`${path}/summary`);
  expect(summary.amount).toBe(invoice['amount']);
  const { product_charges: charges, overages, taxes, credits_and_adjustments: credits } = summary;
  const parts = [charges, overages, taxes, credits].map((part) => part.amount);
  expect(total(parts) + off).toBe(cents(summary.amount));
  expect(total(charges.items.map((item: { amount: string }) => item.amount))).toBe(cents(charges.amount));

  const rows = (await send(`${path}/csv`)).text.trimEnd().split('\n').slice(1);
  const inCsv = rows.map((row) => /,(-?)\$(\d+\.\d\d),[^$]*$/.exec(row)?.slice(1).join('') ?? row);
  expect(inCsv).toEqual(amounts);
  expect((await send(`${path}?per_page=1`)).body.meta.total).toBe(items.length);
  // What no line has, the summary has as taxes and credits.
  const named = (product: string) =>
    items.filter((item) => item['product'] === product).map((item) => item['amount'] ?? '');
  const inHeader = total([taxes.amount, credits.amount]) - total(named('Taxes')) - total(named('Credits'));
  expect(total(amounts) + inHeader + off).toBe(cents(summary.amount));
  expect((await send(path)).text).toBe((await send(path)).text);
}

/** The days of the preview's month add up to the preview, team by team. */
async function agreeDays({ send }: Opened, preview: Record<string, string>): Promise<void> {
  const { organization, team } = (await send('/_simulator/')).body;
  const first = `${preview['invoice_period']}-01`;
  const last = Temporal.PlainDate.from(first).add({ days: 30 }).toString();
  const month: string[] = [];
  for (const urn of [organization, team]) {
    const amounts: string[] = [];
    for (let page = 1, pages = 1; page <= pages; page++) {
      const { body } = await send(`/v2/billing/${urn}/insights/${first}/${last}?per_page=200&page=${page}`);
      pages = body.total_pages;
      for (const point of body.data_points) {
        if (point.start_date.startsWith(preview['invoice_period'])) amounts.push(point.total_amount);
        if (urn === team) expect(point.usage_team_urn).toBe(team);
      }
    }
    month.push(String(total(amounts)));
  }
  expect(Number(month[0])).toBe(cents(preview['amount'] ?? ''));
}
