import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openApiDescription } from './api-description.ts';
import { open, type Opened } from './simulator-client.ts';

// The provider's bills as its API shows them. What they come to is held by figures.test.ts.

const description = openApiDescription();
const INVOICES = '/v2/customers/my/invoices';
type Item = Record<string, string>;

describe.skipIf(description === null)("every answer about bills is as the provider's description has it", () => {
  test.each([
    ['pilot', '2026-05-17T11:30:00Z'],
    ['agency', '2026-06-18T00:00:00Z'],
    ['hoster', '2026-06-01T01:00:00Z'],
  ] as const)('of the fleet %s', async (fleet, at) => {
    const options = { fleet, seed: 7, ...(fleet === 'hoster' && { resources: 300 }) };
    const opened = await open({ ...options, at: Temporal.Instant.from(at) });
    await opened.control('limits', { perHour: null, perMinute: null });
    const check = async (url: string, status = 200) => {
      const reply = await opened.send(url);
      const problems = description?.answerProblems('GET', url, reply.status, reply.body);
      expect({ url, status: reply.status, problems }).toEqual({ url, status, problems: [] });
      return reply.body;
    };
    const about = (await opened.send('/_simulator/')).body;
    await check('/v2/customers/my/balance');
    await check('/v2/customers/my/billing_history?per_page=3');
    const { invoices, invoice_preview } = await check(`${INVOICES}?per_page=2`);
    expect(invoices).toHaveLength(2);
    for (const uuid of ['preview', invoice_preview.invoice_uuid, invoices[0].invoice_uuid, invoices[1].invoice_uuid]) {
      for (const query of ['', '?per_page=200', '?per_page=7&page=2', '?page=9999'])
        await check(`${INVOICES}/${uuid}${query}`);
      await check(`${INVOICES}/${uuid}/summary`);
      const csv = await opened.send(`${INVOICES}/${uuid}/csv`);
      expect([csv.status, csv.headers['content-type']]).toEqual([200, 'text/csv']);
      expect(csv.headers['content-disposition']).toMatch(/^attachment; filename="invoice-\d+\.csv"$/);
      const pdf = await opened.send(`${INVOICES}/${uuid}/pdf`);
      expect([pdf.status, pdf.headers['content-type'], pdf.text.slice(0, 5)]).toEqual([
        200,
        'application/pdf',
        '%PDF-',
      ]);
    }
    for (const urn of [about.team, about.organization, encodeURIComponent(about.organization)]) {
      const days = `/v2/billing/${urn}/insights/2026-04-05/2026-05-05`;
      const whole = await check(`${days}?per_page=200`);
      expect(whole.data_points.length).toBeGreaterThan(0);
      expect(whole.total_pages).toBe(Math.max(1, Math.ceil(whole.total_items / 200)));
      expect((await check(`${days}?per_page=7&page=2`)).current_page).toBe(2);
    }
    await check('/v2/billing/do:team:00000000-0000-4000-8000-000000000000/insights/2026-05-01/2026-05-02', 404);
    for (const days of [
      '2026-05-02/2026-05-01',
      '2026-05-01/2026-06-01',
      '2026-5-1/2026-05-02',
      '2026-02-01/2026-02-31',
    ])
      await check(`/v2/billing/${about.team}/insights/${days}`, 400);
    for (const path of ['', '/summary', '/csv', '/pdf']) await check(`${INVOICES}/no-such-thing${path}`, 404);
    await opened.close();
  });
});

describe('the months of a customer', () => {
  test('every month since the first event has its invoice, from 02:00 of the first on', async () => {
    const opened = await open({ fleet: 'agency', seed: 1, at: Temporal.Instant.from('2026-06-01T01:59:59Z') });
    const list = async () => (await opened.send(`${INVOICES}?per_page=200`)).body;
    const periods = (body: { invoices: Item[] }) => body.invoices.map((invoice) => invoice['invoice_period']);
    const before = await list();
    expect(periods(before)[0]).toBe('2026-04');
    expect(before.invoices.length).toBe(22);
    // Until then the preview is of all May.
    expect(before.invoice_preview).toMatchObject({ invoice_period: '2026-05', updated_at: '2026-06-01T00:00:00Z' });
    await opened.control('clock', { advanceBy: 'PT1S' });
    const after = await list();
    expect(periods(after)).toEqual(['2026-05', ...periods(before)]);
    expect(after.invoices.slice(1)).toEqual(before.invoices);
    expect(after.invoices[0].amount).toBe(before.invoice_preview.amount);
    expect(after.invoice_preview).toMatchObject({ invoice_period: '2026-06', amount: '0.00' });
    // It is paid soon after.
    const owed = async () => (await opened.send('/v2/customers/my/balance')).body.account_balance;
    expect(await owed()).toBe(after.invoices[0].amount);
    await opened.control('clock', { advanceBy: 'PT2H' });
    expect(await owed()).toBe('0.00');
    await opened.close();
  });

  test("the agency's May has its pool, its GPU to the completion of its end, and equal lines", async () => {
    const opened = await open({ fleet: 'agency', seed: 1, at: Temporal.Instant.from('2026-06-02T00:00:00Z') });
    const [may] = (await opened.send(INVOICES)).body.invoices;
    const items: Item[] = await opened.all(`${INVOICES}/${may.invoice_uuid}`, 'invoice_items');
    const amounts = (product: string) =>
      items.filter((item) => item['product'] === product).map((item) => item['amount']);
    expect(amounts('Kubernetes Clusters')).toEqual(['55.29']);
    expect(amounts('GPU Droplets')).toEqual(['99.06']);
    expect(amounts('Container Registry Subscription')).toEqual(['5.00']);
    const texts = items.map((item) => JSON.stringify(item));
    expect(new Set(texts).size).toBeLessThan(texts.length);
    await opened.close();
  });

  test('what is done by hand is billed, whether a bill was asked for before or not', async () => {
    const bills = async (askFirst: boolean) => {
      const opened = await open({ fleet: 'pilot', seed: 1 });
      if (askFirst) await opened.send(INVOICES);
      await opened.control('fleet', {
        events: [{ type: 'create_droplet', name: 'by-hand', size: 'c-2', seconds: 3_600 }],
      });
      await opened.control('clock', { advanceBy: 'P2D' });
      await opened.control('fleet', { events: [{ type: 'resize_droplet', droplet: 900_000_001, size: 'c-4' }] });
      await opened.control('clock', { advanceBy: 'P40D' });
      const [may] = (await opened.send(INVOICES)).body.invoices;
      const { text } = await opened.send(`${INVOICES}/${may.invoice_uuid}?per_page=200`);
      await opened.close();
      return text;
    };
    const text = await bills(false);
    expect(text).toContain('by-hand (c-2)');
    expect(text).toContain('by-hand (c-4)');
    expect(await bills(true)).toBe(text);
  });
});

test.each([true, false])('a token without billing:read is refused, hidden or not: %s', async (hidden) => {
  const opened = await open({ fleet: 'pilot', seed: 1 });
  const { team } = (await opened.send('/_simulator/')).body;
  const [first] = (await opened.send(INVOICES)).body.invoices;
  await opened.control('faults', { fault: 'missing_scope', scopes: ['billing:read'], hidden });
  const one = `${INVOICES}/${first.invoice_uuid}`;
  const paths = ['/v2/customers/my/balance', '/v2/customers/my/billing_history', INVOICES, one, `${one}/csv`];
  for (const path of [...paths, `${one}/pdf`, `${one}/summary`, `/v2/billing/${team}/insights/2026-05-01/2026-05-02`])
    expect([path, (await opened.send(path)).status]).toEqual([path, 403]);
  expect((await opened.send('/v2/droplets')).status).toBe(200);
  await opened.close();
});

describe('a bill with something wrong', () => {
  const volume = '00000000-0000-4000-8000-000000000001';
  let opened: Opened;
  let clean: Item[];
  let ids: { web: string; short: string };

  beforeEach(async () => {
    opened = await open({ fleet: 'pilot', seed: 1 });
    await opened.control('limits', { perHour: null, perMinute: null });
    const { events } = (await opened.control('fleet', {
      events: [
        { type: 'create_bucket', name: 'media' },
        { type: 'create_droplet', name: 'short', size: 's-1vcpu-1gb' },
      ],
    })) as { events: { id: number }[] };
    await opened.control('clock', { advanceBy: 'PT40S' });
    await opened.control('fleet', { events: [{ type: 'destroy', kind: 'droplet', id: events[1]?.id }] });
    await opened.control('clock', { advanceTo: '2026-05-03T00:00:00Z' });
    await opened.control('fleet', { events: [{ type: 'create_volume', id: volume, name: 'data', sizeGb: 100 }] });
    await opened.control('clock', { advanceBy: 'PT36H' });
    await opened.control('fleet', { events: [{ type: 'destroy', kind: 'volume', id: volume }] });
    await opened.control('clock', { advanceTo: '2026-06-10T00:00:00Z' });
    clean = await items();
    const named = (name: string) => clean.find((item) => item['description']?.startsWith(name))?.['resource_id'] ?? '';
    ids = { web: named('acme-studio-web'), short: named('short') };
  });
  afterEach(() => opened.close());

  const list = async (): Promise<Item[]> => (await opened.send(INVOICES)).body.invoices;
  const may = async () => (await list()).find((invoice) => invoice['invoice_period'] === '2026-05') as Item;
  const items = async (): Promise<Item[]> =>
    opened.all(`${INVOICES}/${(await may())['invoice_uuid']}`, 'invoice_items', 5);
  const on = (mistake: object) => opened.control('billing/mistakes', { month: '2026-05', ...mistake });
  const cents = (all: Item[]) => all.reduce((sum, { amount = '' }) => sum + Math.round(Number(amount) * 100), 0);
  /** The lines that are there only now, and those that are not any more. */
  const change = async () => {
    const left = clean.map((item) => JSON.stringify(item));
    const added = (await items()).filter((item) => {
      const at = left.indexOf(JSON.stringify(item));
      if (at >= 0) left.splice(at, 1);
      return at < 0;
    });
    return { added, gone: left.map((text): Item => JSON.parse(text)) };
  };

  test('is right without', async () => {
    const amounts = clean.map((item) => item['amount']);
    expect(amounts).toEqual(['12.00', '24.00', '0.01', '0.60', '0.84', '1.44', '0.54', '5.00']);
    expect((await may())['amount']).toBe('44.43');
  });

  // What the line that it is about has otherwise; the line itself by its amount without the mistake.
  test.each<[string, object, string, Item]>([
    ['extra_hours', { resource: volume, hours: 12 }, '0.54', { amount: '0.71', duration: '48' }],
    ['wrong_price', { resource: volume }, '0.54', { amount: '1.61' }],
    ['cap_ignored', { resource: 'web' }, '12.00', { amount: '13.29' }],
    ['minimum_ignored', { resource: 'short' }, '0.01', { amount: '0.00' }],
    ['not_ended', { resource: volume }, '0.54', { amount: '10.00', duration: '696', end_time: '2026-06-01T00:00:00Z' }],
    ['other_end_convention', { product: 'Volumes' }, '0.54', { end_time: '2026-05-04T11:59:59Z' }],
    ['seconds_unit', { product: 'Volumes' }, '0.54', { duration: '129600', duration_unit: 'Seconds' }],
    ['renamed_product', { product: 'Volumes', to: 'Block Storage' }, '0.54', { product: 'Block Storage' }],
  ])('%s changes the line, and nothing else', async (mistake, what, amount, otherwise) => {
    const known = Object.entries(what).map(([key, value]) => [key, ids[value as keyof typeof ids] ?? value]);
    await on({ mistake, ...Object.fromEntries(known) });
    const line = clean.find((item) => item['amount'] === amount) as Item;
    expect(await change()).toEqual({ added: [{ ...line, ...otherwise }], gone: [line] });
    expect(Math.round(Number((await may())['amount']) * 100)).toBe(cents(await items()));
  });

  test('another id, or none', async () => {
    await on({ mistake: 'wrong_id', resource: ids.web });
    const { added, gone } = await change();
    expect([added.length, gone.length]).toEqual([1, 1]);
    expect(added[0]).toEqual({ ...gone[0], resource_id: expect.stringMatching(/^\d+$/) });
    await opened.send('/_simulator/billing/mistakes', { method: 'DELETE' });
    await on({ mistake: 'no_id', resource: volume });
    const { resource_uuid, ...rest } = clean.find((item) => item['amount'] === '0.54') as Item;
    expect(resource_uuid).toBe(volume);
    expect((await change()).added).toEqual([rest]);
  });

  test('a line that is missing, or comes twice', async () => {
    const line = clean.find((item) => item['amount'] === '0.54');
    await on({ mistake: 'missing_line', resource: volume });
    expect(await change()).toEqual({ added: [], gone: [line] });
    await opened.send('/_simulator/billing/mistakes', { method: 'DELETE' });
    await on({ mistake: 'doubled_line', resource: volume });
    expect(await change()).toEqual({ added: [line], gone: [] });
    expect((await may())['amount']).toBe('44.97');
  });

  test.each<[string, object, Item]>([
    ['ghost_line', {}, { product: 'Droplets', amount: '12.00' }],
    ['unknown_product', {}, { product: 'Serverless Inference', amount: '7.77' }],
    ['bandwidth', {}, { product: 'Bandwidth', amount: '5.00' }],
    ['bucket_lines', {}, { product: 'Spaces Bandwidth', amount: '0.12' }],
    ['credit', {}, { product: 'Credits', amount: '-10.00' }],
    ['credit_above_bill', {}, { product: 'Credits', amount: '-84.43' }],
    ['tax', {}, { product: 'Taxes', amount: '2.78', description: 'STATE SALES TAX (6.25%)' }],
    ['tax_change', {}, { product: 'Taxes', amount: '3.33', description: 'STATE SALES TAX (7.5%)' }],
    [
      'refund_next_month',
      { month: '2026-04', product: 'Droplets', resource: 'web' },
      { amount: '-12.00', end_time: '2026-05-01T00:00:00Z' },
    ],
  ])('%s adds its line, and nothing else', async (mistake, what, line) => {
    await on({ mistake, ...what, ...('resource' in what && { resource: ids.web }) });
    const { added, gone } = await change();
    expect({ added, gone }).toEqual({ added: [expect.objectContaining(line)], gone: [] });
    expect(Math.round(Number((await may())['amount']) * 100)).toBe(cents(clean) + cents(added));
  });

  test('from a hundred buckets on, their lines are in the CSV only', async () => {
    const events = Array.from({ length: 99 }, (_, i) => ({ type: 'create_bucket', name: `bucket-${i}` }));
    await opened.control('fleet', { events });
    await on({ mistake: 'bucket_lines', month: '2026-06' });
    await opened.control('clock', { advanceTo: '2026-07-02T00:00:00Z' });
    const path = `${INVOICES}/${(await list())[0]?.['invoice_uuid']}`;
    const listed: Item[] = await opened.all(path, 'invoice_items');
    expect(listed.filter((item) => item['product'] === 'Spaces Bandwidth')).toEqual([]);
    expect((await opened.send(`${path}/csv`)).text.match(/^Spaces Bandwidth,/gm)).toHaveLength(100);
  });

  test("the organization's other team is on the invoice, and in the organization's Insights", async () => {
    await on({ mistake: 'two_teams' });
    const { added, gone } = await change();
    expect([added.map((item) => item['amount']), gone]).toEqual([['12.00', '24.00'], []]);
    const { team, organization } = (await opened.send('/_simulator/')).body;
    const teams = async (urn: string) => {
      const points = await insights(urn);
      return new Set(points.map((point) => point['usage_team_urn']));
    };
    expect(await teams(team)).toEqual(new Set([team]));
    expect((await teams(organization)).size).toBe(2);
  });

  const insights = async (urn: string): Promise<Item[]> => {
    const points: Item[] = [];
    for (let page = 1, pages = 1; page <= pages; page++) {
      const { body } = await opened.send(`/v2/billing/${urn}/insights/2026-05-01/2026-05-31?per_page=200&page=${page}`);
      pages = body.total_pages;
      points.push(...body.data_points);
    }
    return points;
  };

  test('another price from the middle of the month on, and in later months', async () => {
    await on({ mistake: 'price_change_mid_month', resource: ids.web, percent: 150 });
    const { added, gone } = await change();
    // 360 hours at 12/672, 384 at 18/672.
    expect([added.map((item) => item['amount']), gone.map((item) => item['amount'])]).toEqual([
      ['6.43', '10.29'],
      ['12.00'],
    ]);
    await opened.control('clock', { advanceTo: '2026-07-02T00:00:00Z' });
    const [june] = await list();
    const lines: Item[] = await opened.all(`${INVOICES}/${june?.['invoice_uuid']}`, 'invoice_items');
    expect(lines.find((item) => item['resource_id'] === ids.web)?.['amount']).toBe('18.00');
  });

  test('a discount is on every line', async () => {
    await on({ mistake: 'discount' });
    const amounts = (await items()).map((item) => item['amount']);
    expect(amounts).toEqual(['10.80', '21.60', '0.01', '0.54', '0.76', '1.30', '0.48', '4.50']);
  });

  test('a project by another name', async () => {
    await on({ mistake: 'renamed_project', from: 'Acme Studio', to: 'Acme' });
    const { added, gone } = await change();
    expect(added).toEqual(gone.map((item) => ({ ...item, project_name: 'Acme' })));
    expect(added).toHaveLength(2);
  });

  test.each([
    ['promo_in_header_only', '39.43', '-5.00'],
    ['header_off_by_cent', '44.44', '0.00'],
  ])('%s is in the header, and on no line', async (mistake, amount, credits) => {
    await on({ mistake });
    expect(await change()).toEqual({ added: [], gone: [] });
    expect((await may())['amount']).toBe(amount);
    const summary = (await opened.send(`${INVOICES}/${(await may())['invoice_uuid']}/summary`)).body;
    expect([summary.amount, summary.credits_and_adjustments.amount]).toEqual([amount, credits]);
  });

  test('taxes and credits in the header only, where the rule says so', async () => {
    await opened.control('billing/rules', { tax_and_credits: 'header' });
    await on({ mistake: 'tax' });
    await on({ mistake: 'credit' });
    expect(await change()).toEqual({ added: [], gone: [] });
    expect((await may())['amount']).toBe('37.21');
    const summary = (await opened.send(`${INVOICES}/${(await may())['invoice_uuid']}/summary`)).body;
    expect([summary.taxes.amount, summary.credits_and_adjustments.amount]).toEqual(['2.78', '-10.00']);
  });

  test('an invoice that is issued again, under the same uuid or another', async () => {
    await opened.close();
    opened = await open({ fleet: 'pilot', seed: 1, at: Temporal.Instant.from('2026-06-03T00:00:00Z') });
    const uuids: (string | undefined)[] = [];
    const history = async () => (await opened.send('/v2/customers/my/billing_history')).body.billing_history[0];
    for (const mistake of ['reissue_same_uuid', 'reissue_new_uuid']) {
      await on({ mistake, product: 'Droplets', days: 3 });
      const first = await may();
      expect(first['amount']).toBe('74.88');
      await opened.control('clock', { advanceBy: 'P2D' });
      const second = await may();
      expect(second['amount']).toBe('38.88');
      expect(await history()).toMatchObject({ type: 'Adjustment', amount: '-36.00', date: '2026-06-04T02:00:00Z' });
      uuids.push(first['invoice_uuid'], second['invoice_uuid']);
      await opened.close();
      opened = await open({ fleet: 'pilot', seed: 1, at: Temporal.Instant.from('2026-06-03T00:00:00Z') });
    }
    expect([uuids[0] === uuids[1], uuids[2] === uuids[3], uuids[0] === uuids[2]]).toEqual([true, false, true]);
  });

  test('lines that come on a second invoice', async () => {
    await on({ mistake: 'supplement', product: 'Droplet Snapshots' });
    const ofMay = (await list()).filter((invoice) => invoice['invoice_period'] === '2026-05');
    expect(ofMay.map((invoice) => invoice['amount'])).toEqual(['2.88', '41.55']);
  });

  test('an invoice that is late', async () => {
    await on({ mistake: 'late_invoice', days: 12 });
    expect((await list()).map((invoice) => invoice['invoice_period'])).not.toContain('2026-05');
    await opened.control('clock', { advanceTo: '2026-06-13T02:00:00Z' });
    expect((await may())['amount']).toBe('44.43');
  });

  test('a preview that is made anew while it is read', async () => {
    await on({ mistake: 'regenerate_while_paging', month: '2026-06', count: 1 });
    const updated = async () => (await opened.send(INVOICES)).body.invoice_preview.updated_at;
    const page = async (n: number): Promise<Item[]> =>
      (await opened.send(`${INVOICES}/preview?per_page=3&page=${n}`)).body.invoice_items;
    const [before, first] = [await updated(), await page(1)];
    await page(2);
    expect([before, await updated()]).toEqual(['2026-06-10T00:00:00Z', '2026-06-10T00:00:01Z']);
    const again = [await page(1), await page(2)].flat();
    expect(again.slice(0, 3)).not.toEqual(first);
    expect(await updated()).toBe('2026-06-10T00:00:01Z');
  });

  test("a price that is wrong shows in the next night's Insights", async () => {
    const { team } = (await opened.send('/_simulator/')).body;
    const ofVolume = async () => (await insights(team)).filter((point) => point['description']?.startsWith('data '));
    const before = await ofVolume();
    await on({ mistake: 'wrong_price', resource: volume });
    const after = await ofVolume();
    expect(before.map((point) => [point['start_date'], point['total_amount']])).toEqual([
      ['2026-05-03', '0.36'],
      ['2026-05-04', '0.18'],
    ]);
    expect(after.map((point) => point['total_amount'])).toEqual(['1.07', '0.54']);
  });

  test.each([
    ['mistakes', { mistake: 'gremlins', month: '2026-05' }],
    ['mistakes', { mistake: 'missing_line', month: '2026-05' }],
    ['mistakes', { mistake: 'missing_line', month: 'May', product: 'Droplets' }],
    ['mistakes', { mistake: 'tax', month: '2026-05', percent: '1e3' }],
    ['rules', { droplet_cap: 'none' }],
    ['rules', { unknown: 'floor' }],
  ])('says what is wrong with billing/%s %j', async (what, body) => {
    const reply = await opened.send(`/_simulator/billing/${what}`, { method: 'POST', body });
    expect([reply.status, typeof reply.body.error.message]).toEqual([400, 'string']);
  });

  test('rules that are left out stay, and mistakes go all at once', async () => {
    await opened.control('billing/rules', { droplet_cap: 'first' });
    await opened.control('billing/rules', { snapshot_unit: 'gb' });
    const { rules, variants } = (await opened.send('/_simulator/billing/rules')).body;
    expect(rules).toMatchObject({ droplet_cap: 'first', snapshot_unit: 'gb', rate_digits: 'exact' });
    for (const [rule, variant] of Object.entries(rules)) expect(variants[rule]).toContain(variant);
    for (let i = 0; i < 100; i++) await on({ mistake: 'ghost_line' });
    const tooMany = await opened.send('/_simulator/billing/mistakes', {
      method: 'POST',
      body: { mistake: 'ghost_line', month: '2026-05' },
    });
    expect(tooMany.status).toBe(400);
    await opened.send('/_simulator/billing/mistakes', { method: 'DELETE' });
    expect((await opened.send('/_simulator/billing/mistakes')).body).toEqual({ mistakes: [] });
  });
});
