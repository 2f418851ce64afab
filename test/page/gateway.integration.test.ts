import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { applyGatewayEffects } from '../../src/flows/gateway-effects.ts';
import { announceRejected } from '../../src/gateway/announce.ts';
import { getSource } from '../../src/gateway/sources.ts';
import { draftMonth } from '../../src/invoices/drafts.ts';
import { listInvoices } from '../../src/invoices/invoices.ts';
import { approveInvoice, issueInvoice } from '../../src/invoices/issue.ts';
import { event, instant, interpretAll, makeMeters, makeSource, requests, setClock } from '../fixtures/gateway.ts';
import { addDeployment, day, openBusiness, settle as settleDays } from '../fixtures/invoices.ts';
import { type Dashboard, openDashboardOver, settle } from './dashboard.ts';
import { expectNoFaults } from './walk.ts';

// What gateways send, in a real browser: sources, events as they come, dead letters with what is decided about them, a meter
// that is previewed; and what was paid of an invoice.

const now = instant('2026-05-20');
let dashboard: Dashboard;
let isThere = false;
let secret = '';
let invoice = '';

beforeAll(async () => {
  const opened = await openDashboardOver(async ({ db }) => {
    await openBusiness(db);
    await sql`UPDATE accounts SET simulated = true`.execute(db); // the clock of this database is
    await addDeployment(db, { customer: 'acme', slug: 'acme-shop' });
    await setClock(db, now);
    secret = await makeSource(db, 'edge', { now, limits: { effects: ['payment'] } });
    await makeMeters(db, [requests], now);
    const issued = instant('2026-05-05');
    await settleDays(db, issued);
    await draftMonth(db, { month: day('2026-04-01'), now: issued });
    const [draft] = (await listInvoices(db, {}, { limit: 1, cursor: null })).items;
    const invoiceId = draft?.invoiceId ?? 0;
    await approveInvoice(db, invoiceId, { by: 'ann', now: issued });
    invoice = (await issueInvoice(db, invoiceId, { by: 'ann', now: issued })).number;
  });
  isThere = opened !== null;
  if (opened !== null) dashboard = opened;
});
afterAll(async () => {
  if (isThere) await dashboard.close();
});

async function send(...events: readonly object[]): Promise<void> {
  const { api, database } = dashboard;
  const answer = await fetch(`${api.url}/api/v1/gateway/sources/edge/events`, {
    method: 'POST',
    headers: { authorization: `Bearer ${secret}`, 'content-type': 'application/cloudevents-batch+json' },
    body: JSON.stringify(events),
  });
  expect(answer.status).toBe(200);
  await interpretAll(database.db, now);
  const clock = { now: () => Promise.resolve(now) };
  const { errors } = await applyGatewayEffects(database.db, 'edge', { clock, signal: new AbortController().signal });
  expect(errors).toEqual([]);
}

test('events appear as they come, with what became of them', async ({ skip }) => {
  if (!isThere) skip();
  const { page, context, wrong } = await dashboard.open({ path: '/gateway' });
  await settle(page, /^1 source: nothing waits, no dead letters\.$/);
  await page.getByRole('region', { name: 'Sources, as a table' }).getByText('none yet').waitFor();
  await expectNoFaults(page);
  await page.getByRole('link', { name: 'Events', exact: true }).click();
  await page.getByText('No matching events.').waitFor();
  await send(
    event({ id: 'good', subject: 'deployment:acme-shop', time: '2026-05-19T10:00:00Z', data: { requests: 7 } }),
    event({ id: 'empty', time: '2026-05-19T10:00:00Z', data: {} }),
    event({ id: 'late', time: '2026-03-01T10:00:00Z' }),
  );
  await page.getByRole('heading', { level: 1, name: '1 source: nothing waits, 2 dead letters.' }).waitFor();
  const events = page.getByRole('region', { name: 'Events, as a table' });
  await events.getByText('it has no value').waitFor();
  await events.getByRole('button', { name: 'good' }).click();
  const sheet = page.getByRole('dialog', { name: 'Event good' });
  await sheet.getByText('gateway_requests').waitFor();
  await sheet.getByText('{"requests": 7}').waitFor();
  await expectNoFaults(page);
  expect(wrong).toEqual([]);
  await context.close();
});

test('a dead letter is counted all the same, or dropped, with a reason', async ({ skip }) => {
  if (!isThere) skip();
  const { page, context, wrong } = await dashboard.open({ path: '/gateway?tab=dead' });
  await settle(page, /2 dead letters/);
  await page.getByRole('button', { name: 'Count late' }).click();
  const count = page.getByRole('dialog', { name: 'Count late' });
  expect(await count.getByRole('button', { name: 'Count' }).isDisabled()).toBe(true);
  await count.getByLabel('Reason, for the record').fill('the clock of node 3');
  await count.getByLabel(/^Shift of its time/).fill('PT1900H');
  await expectNoFaults(page);
  await count.getByRole('button', { name: 'Count' }).click();
  await page.getByText('1 event counted.').waitFor();
  await page.getByRole('button', { name: 'Drop empty' }).click();
  const drop = page.getByRole('dialog', { name: 'Drop empty' });
  await drop.getByLabel('Reason, for the record').fill('a test');
  await drop.getByRole('button', { name: 'Drop' }).click();
  await page.getByText('1 event dropped.').waitFor();
  await page.getByRole('heading', { level: 1, name: '1 source: nothing waits, no dead letters.' }).waitFor();
  expect(wrong).toEqual([]);
  await context.close();
});

test('a meter is previewed before it is applied', async ({ skip }) => {
  if (!isThere) skip();
  const { page, context, wrong } = await dashboard.open({ path: '/gateway?tab=meters' });
  await settle(page, /source/);
  await page.getByRole('button', { name: 'Preview a meter' }).click();
  const sheet = page.getByRole('dialog', { name: 'Preview a meter' });
  await sheet.getByLabel(/^Name,/).fill('gateway_calls');
  await sheet.getByLabel(/^Title,/).fill('Calls');
  await sheet.getByLabel(/^Unit,/).fill('call');
  await sheet.getByLabel(/^Type of event/).fill('request');
  await sheet.getByLabel('How it adds up').selectOption('count');
  await sheet.getByLabel(/^From which day/).fill('2026-05-01');
  await sheet.getByRole('button', { name: 'Preview' }).click();
  await sheet.getByText(/In the last seven days it would have counted 2 events about 2 subjects: 2\./).waitFor();
  await expectNoFaults(page);
  await sheet.getByRole('button', { name: 'Apply' }).click();
  await page.getByRole('region', { name: 'Gateway meters, as a table' }).getByText('gateway_calls').waitFor();
  expect(wrong).toEqual([]);
  await context.close();
});

test('an invoice says how its payment stands, and follows what is recorded and what gateways send', async ({
  skip,
}) => {
  if (!isThere) skip();
  const { page, context, wrong } = await dashboard.open({ path: `/invoices/${invoice}` });
  await settle(page, /Invoice/);
  const card = page.getByRole('region', { name: 'Payment' });
  await card.getByText('Overdue: 50.00 USD were due 19 May').waitFor();
  await card.getByRole('button', { name: 'Record a payment' }).click();
  const sheet = page.getByRole('dialog', { name: 'Record a payment' });
  await sheet.getByLabel(/^Amount in USD/).fill('20.00');
  await sheet.getByLabel(/^Its reference/).fill('tx-1');
  await expectNoFaults(page);
  await sheet.getByRole('button', { name: 'Record' }).click();
  await card.getByText('Overdue: 30.00 USD were due 19 May').waitFor();
  await card.getByText('manual tx-1').waitFor();
  const data = { payment: 'pi-1', invoice, amount: '30.00', currency: 'USD' };
  await send(event({ type: 'arcadia.payment.succeeded', time: '2026-05-20T00:00:00Z', data }));
  await card.getByRole('heading', { name: 'Paid' }).waitFor();
  await expectNoFaults(page);
  const theirs = await dashboard.open({ as: 'customer', customer: 'acme', path: `/invoices/${invoice}` });
  await theirs.page.getByRole('region', { name: 'Payment' }).getByRole('heading', { name: 'Paid' }).waitFor();
  expect(await theirs.page.getByRole('button', { name: 'Record a payment' }).count()).toBe(0);
  expect([...wrong, ...theirs.wrong]).toEqual([]);
  await theirs.context.close();
  await context.close();
});

test('a source whose queue no server reads, and messages of it that held no events, are said', async ({ skip }) => {
  if (!isThere) skip();
  const { db } = dashboard.database;
  await makeSource(db, 'queued', { now, limits: { queue: 'arcadia.gateway.queued' } });
  await announceRejected(db, await getSource(db, 'queued'), 'The body is not JSON.', now);
  const { page, context, wrong } = await dashboard.open({ path: '/gateway' });
  await settle(page, /^2 sources/);
  const sources = page.getByRole('region', { name: 'Sources, as a table' });
  await sources.getByText('No server reads arcadia.gateway.queued').waitFor();
  await sources.getByText('1 message rejected: The body is not JSON.').waitFor();
  await expectNoFaults(page);
  expect(wrong).toEqual([]);
  await context.close();
});
