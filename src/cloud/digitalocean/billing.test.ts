import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { open, type Opened } from '../../../test/contract/simulator-client.ts';
import { answer, startApi, type TestApi, TestMachine } from '../../../test/fixtures/digitalocean.ts';
import type { Provider } from '../provider.ts';
import { createDigitalOcean } from './client.ts';

// What the provider charges, as the client reads it: from the simulator, and from a server with the answers that it
// never gives.

const INVOICES = '/v2/customers/my/invoices';

describe('from the simulator', () => {
  let opened: Opened;
  let provider: Provider;
  beforeEach(async () => {
    opened = await open({ fleet: 'agency', seed: 1, at: Temporal.Instant.from('2026-06-03T00:00:00Z') });
    await opened.control('limits', { perHour: null, perMinute: null });
    provider = createDigitalOcean({ apiUrl: opened.simulator.url, credentials: { token: 'any' } });
  });
  afterEach(async () => {
    await provider.close();
    await opened.close();
  });

  test('lists, pages, summary and files are what it shows', async () => {
    const { billing } = provider;
    const shown = (await opened.send(`${INVOICES}?per_page=200`)).body;
    const { bills, preview } = await billing.bills();
    expect(bills.map((bill) => [bill.externalId, bill.number, `${bill.period}`, bill.amount])).toEqual(
      shown.invoices.map((bill: Record<string, string>) => [
        bill['invoice_uuid'],
        bill['invoice_id'],
        `${bill['invoice_period']}-01`,
        bill['amount'],
      ]),
    );
    expect([preview?.externalId, preview?.amount, `${preview?.updatedAt}`]).toEqual([
      'preview',
      shown.invoice_preview.amount,
      shown.invoice_preview.updated_at,
    ]);
    const uuid = bills[0]!.externalId;
    const raw = (await opened.send(`${INVOICES}/${uuid}?page=2&per_page=7`)).body;
    const page = await billing.billPage(uuid, { page: 2, perPage: 7 });
    expect(JSON.parse(page!.body).invoice_items).toEqual(raw.invoice_items);
    expect([page!.total, page!.isLast]).toEqual([raw.meta.total, false]);
    expect(page!.items.map(({ description, amount }) => [description, amount])).toEqual(
      raw.invoice_items.map((item: Record<string, string>) => [item['description'], item['amount']]),
    );
    const last = Math.ceil(raw.meta.total / 7);
    expect((await billing.billPage(uuid, { page: last, perPage: 7 }))?.isLast).toBe(true);
    expect(JSON.parse((await billing.billSummary(uuid))!)).toEqual(
      (await opened.send(`${INVOICES}/${uuid}/summary`)).body,
    );
    const csv = new TextDecoder().decode((await billing.billFile(uuid, 'csv'))!);
    expect(csv).toBe((await opened.send(`${INVOICES}/${uuid}/csv`)).text);
    expect(new TextDecoder('latin1').decode((await billing.billFile(uuid, 'pdf'))!.slice(0, 5))).toBe('%PDF-');
    const history = await billing.history();
    expect(history.map(({ amount }) => amount)).toEqual(
      (await opened.all('/v2/customers/my/billing_history', 'billing_history')).map(({ amount }) => amount),
    );
    const { team, organization } = (await opened.send('/_simulator/')).body;
    for (const urn of [team, organization]) {
      const days = [Temporal.PlainDate.from('2026-05-01'), Temporal.PlainDate.from('2026-05-31')] as const;
      const rows = await billing.insights(urn, ...days);
      const told = (await opened.send(`/v2/billing/${urn}/insights/2026-05-01/2026-05-31`)).body;
      expect(rows.length).toBe(told.total_items);
    }
    for (const missing of [
      billing.billPage('no-such-bill', { page: 1, perPage: 7 }),
      billing.billSummary('no-such-bill'),
      billing.billFile('no-such-bill', 'pdf'),
    ])
      expect(await missing).toBeNull();
  });

  test('without the scope it is named', async () => {
    await opened.control('faults', { fault: 'missing_scope', scopes: ['billing:read'] });
    await expect(provider.billing.balance()).rejects.toMatchObject({
      code: 'provider_forbidden',
      message: expect.stringContaining('lacks the scope billing:read'),
    });
  });
});

describe('from a server that is otherwise', () => {
  let api: TestApi;
  afterEach(() => api.close());
  const clientOf = () =>
    createDigitalOcean({ apiUrl: api.url, credentials: { token: 'any' } }, { machine: new TestMachine() }).billing;

  test('amounts that are numbers keep their digits, and what is empty or odd is null', async () => {
    const items =
      '[{"amount": 0.1000000000000000055, "resource_id": 9007199254740993, "duration": "some", "product": "", "start_time": null},' +
      '{"amount": "-12.340", "duration": 744.5, "end_time": "2026-05-31T23:59:59Z", "surprise": true}]';
    api = await startApi((_, response) => answer(response, 200, `{"invoice_items": ${items}, "meta": {"total": 2}}`));
    const page = await clientOf().billPage('x', { page: 1, perPage: 200 });
    expect(page?.items).toMatchObject([
      {
        amount: '0.1000000000000000055',
        resourceId: '9007199254740993',
        duration: null,
        product: null,
        startTime: null,
      },
      { amount: '-12.340', duration: '744.5', endTime: Temporal.Instant.from('2026-05-31T23:59:59Z') },
    ]);
  });

  test('an item without an amount is a failure that says which', async () => {
    api = await startApi((_, response) =>
      answer(response, 200, { invoice_items: [{ amount: '1.00' }, { product: 'Droplets' }] }),
    );
    await expect(clientOf().billPage('x', { page: 3, perPage: 200 })).rejects.toMatchObject({
      code: 'provider_failed',
      message: expect.stringContaining('item 2 of page 3: amount'),
    });
  });

  test('a history that grows while it is read is read again; one that never keeps still fails', async () => {
    let grows = 1;
    let total = 3;
    const entry = (n: number) => ({ date: '2026-05-01T00:00:00Z', type: 'Payment', amount: `-${n}.00` });
    api = await startApi((_, response, { searchParams }) => {
      const second = searchParams.get('page') === '2';
      if (second && grows > 0) {
        grows -= 1;
        total += 1;
      }
      const all = Array.from({ length: total }, (__, n) => entry(total - n));
      const next = { pages: { next: `${api.url}/v2/customers/my/billing_history?page=2` } };
      answer(response, 200, {
        billing_history: second ? all.slice(2) : all.slice(0, 2),
        ...(!second && { links: next }),
        meta: { total },
      });
    });
    expect((await clientOf().history()).map(({ amount }) => amount)).toEqual(['-4.00', '-3.00', '-2.00', '-1.00']);
    grows = 1_000;
    await expect(clientOf().history()).rejects.toMatchObject({ code: 'provider_failed' });
  });
});
