import { readFileSync } from 'node:fs';
import { parse } from 'csv-parse/sync';
import { unzipSync } from 'fflate';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { soaking, timeoutOf } from '../../soak.ts';
import { type Deployment, makeBusiness, planFiles, planOf, rates } from './business.ts';
import { Cloud } from './cloud.ts';
import { cents, Facts, money } from './facts.ts';
import { billingFile, customersFile, rulesFile } from './files.ts';
import { Ledger, type Row, shown } from './ledger.ts';
import { Operator } from './operator.ts';

// Seventy-six days of an agency, from 21 May to 4 August 2026, and three month-ends, by nothing but ./arcadia; in `npm test`
// up to the first of them. Servers are resized and switched off, a customer leaves, a price rises in the middle of a month,
// a server is shared, one is moved to somebody else a month back, and a fact comes to light when its month is issued. Each
// document is compared, line by line and with its taxes, with what follows from the script's own facts by the second engine
// of rating.

/** What an operator may have to do at a month's end, whatever the number of customers. */
const commandsMax = 12;

/** Each test is some fifty commands, each a process of its own. */
const timeout = timeoutOf(1_800_000);

const variants = soaking
  ? [
      { customers: 26, seed: 1, everyDay: true },
      { customers: 104, seed: Number(process.env.ARCADIA_SEED ?? process.hrtime.bigint() % 100_000n), everyDay: true },
    ]
  : [{ customers: 26, seed: 1, everyDay: false }];

describe.each(variants)('$customers customers, seed $seed', { timeout }, ({ customers, seed, everyDay }) => {
  const business = makeBusiness(customers, seed);
  const facts = new Facts('2026-05-01T00:00:00Z');
  const ledger = new Ledger(business, facts);
  const projects = new Map<string, string>();
  let cloud: Cloud;
  let operator: Operator;

  const { leaver, late, grown, mover, receiver, sharer, other, stopped, changer, newcomer } = business.cast;

  beforeAll(async () => {
    cloud = await Cloud.open(facts);
    operator = new Operator(cloud.url);
    await operator.begin();
  });
  afterAll(async () => {
    await operator.end();
    await cloud.close();
  });

  const placeOf = ({ slug, by }: Deployment) => ({
    ...(by === 'project' && { project: projects.get(slug) as string }),
    ...(by === 'tag' && { tags: [`deployment:${slug}`] }),
  });

  async function build(deployment: Deployment): Promise<void> {
    const { slug, by, droplets, volume } = deployment;
    if (by === 'project') projects.set(slug, await cloud.project(slug));
    for (let n = 1; n <= droplets; n += 1) await cloud.droplet(`${slug}-${n}`, slug, placeOf(deployment));
    if (volume > 0) await cloud.volume(`${slug}-data`, volume, slug, placeOf(deployment));
  }

  async function look(): Promise<void> {
    await operator.run('sync');
    await operator.run('meter');
  }

  /** Time passes; what the schedule does each day is done at its end, or each day. */
  async function until(at: string): Promise<void> {
    while (everyDay && Temporal.Instant.from(cloud.now).until(at).total('hours') > 24) {
      await cloud.advanceTo(Temporal.Instant.from(cloud.now).add({ hours: 24 }).toString());
      await look();
    }
    await cloud.advanceTo(at);
  }

  /** Every document of a month is right to the cent, and adds up to the total that lists and PDFs show. */
  async function compare(month: string): Promise<void> {
    const rows = parse<Row>(await operator.run('invoice', 'lines', month), { columns: true });
    expect(shown(rows)).toEqual(ledger.expected(month));
    const { items } = (await operator.read('invoice', 'list', '--month', month, '--limit', '500')) as {
      items: { number: string; total: string }[];
    };
    const sums = Map.groupBy(rows, ({ document = '' }) => document);
    const totals = [...sums].map(([number, own]): [string, string] => {
      return [number, money(own.reduce((sum, { amount = '' }) => sum + cents(amount), 0n))];
    });
    expect(new Map(items.map(({ number, total }) => [number, total]))).toEqual(new Map(totals));
    await operator.run('invoice', 'archive', month, '--out', `${month}.zip`, '--force');
    const archive = unzipSync(readFileSync(operator.path(`${month}.zip`)));
    expect(Object.keys(archive).filter((name) => name.endsWith('.pdf'))).toHaveLength(items.length);
  }

  /** Counts what is typed from now on until the month is closed, and says it. */
  async function monthEnd(month: string, work: () => Promise<void>): Promise<void> {
    const before = operator.typed.length;
    await work();
    expect(await operator.run('month', 'status', month)).toContain(`${month} is closed`);
    const typed = operator.typed.slice(before);
    console.log(`${month}: ${typed.length} commands\n${typed.map(({ line }) => `  ${line}`).join('\n')}`);
    expect(typed.length).toBeLessThanOrEqual(commandsMax);
  }

  test('sets up the account, sellers, plans, customers and rules', async () => {
    for (const deployment of business.deployments) await build(deployment);
    await cloud.advanceTo('2026-05-21T00:00:00Z');
    // Zones have no time of creation: they are known from when they are first seen.
    for (const { slug, by, zones } of business.deployments) {
      if (by === 'tag') continue;
      for (let n = 1; n <= zones; n += 1) await cloud.zone(`${slug}-${n}.example`, slug, projects.get(slug));
    }
    await operator.run('account', 'connect', 'agency', '--metered-from', '2026-05-01');
    await operator.run('sync');
    for (const [name, file] of Object.entries(planFiles)) operator.write(`${name}.json`, JSON.stringify(file));
    const first = Object.keys(planFiles).filter((name) => name !== 'kontor-june');
    await operator.run('plan', 'apply', ...first.map((name) => `${name}.json`), '--yes');
    for (const name of first) facts.planned(planOf(name));
    operator.write('customers.csv', customersFile(business, projects));
    await operator.run('customer', 'import', 'customers.csv');
    for (const { slug, plan, startsOn } of business.deployments) facts.subscribed(slug, plan, `${startsOn}T00:00:00Z`);
    const details = ['--name', 'Example Hosting Ltd', '--address', '1 Quay Street', '--tax-id', 'VAT GB123456789'];
    await operator.run('entity', 'set', 'default', ...details);
    const second = ['--name', 'Nord Hosting GmbH', '--address', 'Hafen 1, Kiel', '--tax-id', 'DE 123'];
    await operator.run('entity', 'create', 'nord', ...second, '--invoice-prefix', 'N-');
    await operator.run('entity', 'tax', 'set', 'standard', `${rates.default}`, '--title', 'VAT');
    await operator.run('entity', 'tax', 'set', 'standard', `${rates.nord}`, '--title', 'MwSt', '--entity', 'nord');
    operator.write('billing.csv', billingFile(business));
    await operator.run('customer', 'billing', 'import', 'billing.csv');
    operator.write('rules.yaml', rulesFile(business));
    await operator.run('rule', 'apply', 'rules.yaml');
    await operator.run('kind', 'enable', 'volume_gb_month', '--from', '2026-05-01');
    await look();
  });

  test('makes mistakes, and reads what to do', async () => {
    const refused = async (...args: string[]) => {
      const { code, stderr } = await operator.try(...args);
      expect([args.join(' '), code]).toEqual([args.join(' '), 1]);
      return stderr.replaceAll(/^ +(to do: |next: +)/gm, '').replaceAll(/^ +code: .*\n/gm, '');
    };
    const next = (month: string) => refused('month', 'close', month, '--yes');
    expect(await next('2026-13')).toBe('error: <month> "2026-13" is not a month such as 2026-05.\n');
    expect(await refused('month', 'status', '2026-09')).toMatch(/^error: 2026-09 has not begun: it is 2026-05-21T/);
    expect(await refused('subscription', 'change', leaver.slug, '--plan', 'basic', '--from', '2026-06-01')).toBe(
      `error: The customer of "${leaver.slug}" pays in EUR, and plan "basic" is in USD.
Take a plan in EUR, or change the customer's currency while none of its deployments is on a plan.
arcadia plan list\n`,
    );
    expect(await refused('subscription', 'change', leaver.slug, '--plan', 'konto', '--from', '2026-06-01')).toBe(
      'error: There is no plan konto.\nCheck the name.\narcadia plan list\n',
    );
    // Who does not exist is not asked about.
    expect(await refused('customer', 'close', 'nobody', '--at', '2026-06-01')).toBe(
      'error: There is no customer nobody.\nCheck the name.\narcadia customer list\n',
    );
    expect(await refused('customer', 'close', 'alder', '--at', '2026-06-01')).toBe(
      'error: It asks before it goes on, and there is no terminal to ask on. To go on without being asked: --yes.\n',
    );
    expect(await refused('customer', 'billing', 'set', 'alder')).toBe(
      'error: Nothing to change is given.\nWhat there is to change: arcadia customer billing set --help\n',
    );
    operator.write('typing-error.csv', customersFile(business, projects).replace(',2026-05-25', ',2026-5-25'));
    expect(await refused('customer', 'import', 'typing-error.csv')).toMatch(
      /^error: 1 error in 1 line. Nothing imported:\n {2}line \d+, starts_at: 2026-5-25 is neither a day/,
    );
    // A month that runs: nothing is issued, and what holds it is said once, not for each invoice.
    const early = await operator.run('month', 'close', '2026-05', '--yes');
    expect(early).toContain(`Nothing was issued.\nNot issued: ${customers}\n`);
    expect(early).toMatch(
      /^ {2}\d+ invoices, of .* and \d+ more: The grace period of "nord", for late facts, ends at/m,
    );
    expect(early.split('\n').length).toBeLessThan(12);
  });

  test('closes May, with a server that two deployments share', async () => {
    await until('2026-05-24T00:00:00Z');
    await cloud.droplet('shared-db', null);
    await until('2026-05-25T10:00:00Z');
    await cloud.droplet(`${newcomer.slug}-9`, newcomer.slug, placeOf(newcomer));
    await look();
    await until('2026-05-27T08:00:00Z');
    await look();
    const weights = [`${sharer.slug}:2`, `${other.slug}:1`];
    await operator.run('deployment', 'assign', ...weights, '--resource', `droplet:${cloud.id('shared-db')}`);
    facts.belongs(
      'shared-db',
      [
        { deployment: sharer.slug, weight: 2 },
        { deployment: other.slug, weight: 1 },
      ],
      null,
    );
    await until('2026-06-04T06:00:00Z');
    await look();
    await monthEnd('2026-05', async () => {
      const status = await operator.run('month', 'status', '2026-05');
      expect(status).toContain('2026-05 is over, and its usage is final.');
      expect(status).toContain('drafts to be updated; closing does it first');
      await operator.run('month', 'close', '2026-05', '--yes');
    });
    ledger.issue('2026-05');
    await compare('2026-05');
  });

  // Two more months of the same kind: some hundred commands.
  test.runIf(soaking)('closes June: a price rises, a customer leaves, and a fact is not known yet', async () => {
    await until('2026-06-08T09:00:00Z');
    await look();
    await operator.run('plan', 'apply', 'kontor-june.json', '--yes');
    facts.planned(planOf('kontor-june'));
    await until('2026-06-10T12:00:00Z');
    await operator.run('customer', 'close', leaver.customer.id, '--at', '2026-06-11', '--yes');
    for (const { slug, customer } of business.deployments)
      if (customer === leaver.customer) facts.left(slug, '2026-06-11T00:00:00Z');
    await until('2026-06-12T05:00:00Z');
    await cloud.power(`${stopped.slug}-1`, 'power_off');
    await look();
    expect(await operator.run('overview')).toContain('Still running for customers who left, and not billed');
    await until('2026-06-13T17:00:00Z');
    await cloud.power(`${stopped.slug}-1`, 'power_on');
    await until('2026-06-14T12:00:00Z');
    await cloud.destroy(`${leaver.slug}-1`);
    await look();
    await until('2026-06-20T07:00:00Z');
    await cloud.resizeVolume(`${grown.slug}-data`, grown.volume + 33);
    await until('2026-06-22T15:00:00Z');
    await cloud.snapshot(`${grown.slug}-before-release`, `${grown.slug}-1`, 30, grown.slug);
    await look();
    // Off and on between two listings, and the log of actions lags by ten days.
    await until('2026-06-28T08:00:00Z');
    await cloud.upset({ fault: 'lagging_actions', bySeconds: 864_000, path: '/v2/actions' });
    await cloud.power(`${late.slug}-1`, 'power_off', 'unknown');
    await cloud.advanceTo('2026-06-29T05:00:00Z');
    await cloud.power(`${late.slug}-1`, 'power_on', 'unknown');
    await until('2026-07-04T06:00:00Z');
    await look();
    await monthEnd('2026-06', async () => {
      await operator.run('month', 'status', '2026-06');
      const closed = await operator.run('month', 'close', '2026-06', '--yes');
      // Who began in May or left in June differs from the month before: somebody looks, and agrees.
      expect(closed).toContain('It comes to');
      await operator.run('invoice', 'list', '--month', '2026-06', '--state', 'draft');
      await operator.run('month', 'close', '2026-06', '--differing', '--yes');
    });
    ledger.issue('2026-06');
    await compare('2026-06');
  });

  test.runIf(soaking)('closes July, and corrects June by what came to light', async () => {
    await until('2026-07-09T06:00:00Z');
    await cloud.calm();
    cloud.comesToLight();
    await look();
    const credit = ledger.correction(late, '2026-06');
    expect(credit).toMatch(/^-\d/);
    await until('2026-07-12T10:00:00Z');
    await look();
    const moved = `droplet:${cloud.id(`${mover.slug}-3`)}`;
    await operator.run('deployment', 'assign', receiver.slug, '--resource', moved, '--from', '2026-06-10', '--yes');
    facts.belongs(`${mover.slug}-3`, [{ deployment: receiver.slug, weight: 1 }], '2026-06-10T00:00:00Z');
    await operator.run('subscription', 'change', changer.slug, '--plan', 'basic', '--from', '2026-07-21');
    facts.subscribed(changer.slug, 'basic', '2026-07-21T00:00:00Z');
    await until('2026-08-04T06:00:00Z');
    await look();
    await monthEnd('2026-07', async () => {
      const status = await operator.run('month', 'status', '2026-07');
      expect(status).toContain('issued months to be looked at for corrections; closing does it first');
      // Whose draft is yet to be created is not gone; who left is.
      expect(status).toMatch(/^ +1 {2}customers who were billed the month before and are not now/m);
      await operator.run('invoice', 'correction', 'check');
      const list = await operator.run('invoice', 'correction', 'list');
      for (const one of [late, mover, receiver])
        expect(list).toMatch(new RegExp(`${one.slug} +2026-06 +${ledger.correction(one, '2026-06')} USD`));
      await operator.run('invoice', 'credit', late.slug, '--month', '2026-06', '--yes');
      ledger.decide(late, '2026-06', null);
      for (const one of [mover, receiver]) {
        await operator.run('invoice', 'correct', one.slug, '--month', '2026-06', '--yes');
        ledger.decide(one, '2026-06', '2026-07');
      }
      await operator.run('month', 'close', '2026-07', '--yes');
      await operator.run('month', 'close', '2026-07', '--differing', '--yes');
    });
    ledger.issue('2026-07');
    await compare('2026-07');
    await compare('2026-06');
    await compare('2026-05');
  });
});
