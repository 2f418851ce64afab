import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import type { Provider } from '../provider.ts';
import { createDigitalOcean } from './client.ts';
import { backupImages, backupPolicies } from './collections.ts';
import { endpoints, scopes } from './endpoints.ts';
import { type TestApi, TestMachine, answer, readListing, startApi } from '../../../test/fixtures/digitalocean.ts';
import { type ApiDescription, type Operation, readApiDescription } from '../../../test/contract/api-examples.ts';

// A server that knows the provider's API description and nothing else: it notes every request
// that the description does not have, and answers the others with the description's examples.

const described = readApiDescription();

let variant = 0;
const unknown: string[] = [];
const served = new Map<string, Set<number>>();
const api: TestApi = await startApi((request, response, url) => {
  const operation = (described as ApiDescription).operation(url.pathname);
  if (operation === null || !knowsQuery(operation, url.searchParams) || request.method !== 'GET') {
    unknown.push(`${request.method} ${request.url}`);
    return answer(response, 404, {});
  }
  const index = variant % operation.examples.length;
  served.set(operation.path, (served.get(operation.path) ?? new Set()).add(index));
  // Examples link to the provider itself and count what they do not show.
  const { links: _links, meta: _meta, ...body } = operation.examples[index] as Record<string, unknown>;
  answer(response, 200, body);
});
const provider: Provider = createDigitalOcean(
  { apiUrl: api.url, credentials: { token: 'contract' } },
  { machine: new TestMachine() },
);

afterAll(async () => {
  await provider.close();
  await api.close();
});
beforeEach(() => {
  unknown.length = 0;
  variant = 0;
});

function knowsQuery(operation: Operation, query: URLSearchParams): boolean {
  return [...query].every(([name, value]) => {
    const values = operation.query.get(name);
    return values === null || (values?.includes(value) ?? false);
  });
}

/** As many rounds as any path has examples. */
const variants = 8;

describe.skipIf(described === null)("the client against the provider's API description", () => {
  test.each(provider.kinds)('%s: requests are in the description, its examples are understood', async (kind) => {
    for (variant = 0; variant < variants; variant += 1) {
      const { end, items } = await readListing(provider.list(kind));
      expect(end).toMatchObject({ outcome: 'complete' });
      // No example of an image is a backup.
      if (kind !== 'droplet_backup' && kind !== 'custom_image') expect(items.length).toBeGreaterThan(0);
      for (const { externalId } of items.slice(0, 2)) expect(await provider.lookup(kind, externalId)).toBe('exists');
    }
    expect(unknown).toEqual([]);
  });

  test('a backup is found by its id, among the images', async () => {
    expect(await provider.lookup('droplet_backup', '67539192')).toBe('exists');
    expect(await provider.lookup('reserved_ip', '2409:40d0:fa:27dd:9b24:7074:7b85:eee6')).toBe('exists');
    expect(unknown).toEqual([]);
  });

  test('memberships, actions, sizes and the account are in the description too', async () => {
    const sizes = await readListing(provider.listSizes());
    expect(sizes.end).toMatchObject({ outcome: 'complete' });
    expect(sizes.items[0]?.priceHourly).toMatch(/^\d+(\.\d{1,9})?$/);
    const since = Temporal.Instant.from('2000-01-01T00:00:00Z');
    const actions = await readListing(provider.listActions(since));
    expect(actions.items[0]).toMatchObject({ type: 'create', resourceKind: 'droplet' });
    const members = await readListing(provider.listMemberships(['4e1bfbc3-dc3e-41f2-a18f-1b4d7ba71679']));
    expect(members.items[0]).toMatchObject({ kind: 'droplet', urn: expect.stringContaining('do:droplet:') });
    expect((await provider.identify()).accountId).not.toBe('');
    const { limits, keys } = await provider.offer();
    expect(limits).toMatchObject({ droplets: 25 });
    expect(keys[0]?.fingerprint).toMatch(/^[0-9a-f:]{47}$/);
    const { billing } = provider;
    expect(await billing.balance()).toMatchObject({ monthToDateBalance: '23.44', accountBalance: '12.23' });
    expect((await billing.history()).map(({ type, invoiceUuid }) => [type, invoiceUuid])).toEqual([
      ['Invoice', 'example-uuid'],
      ['Payment', null],
    ]);
    expect((await billing.bills()).preview).toMatchObject({ externalId: 'preview', amount: '34.56' });
    const lines = await billing.billPage('preview', { page: 1, perPage: 200 });
    expect(lines?.items.map(({ product, amount }) => [product, amount])).toEqual([
      ['Kubernetes Clusters', '12.34'],
      ['Spaces Subscription', '34.45'],
    ]);
    expect(await billing.billSummary('preview')).toContain('"27.13"');
    const day = Temporal.PlainDate.from('2025-12-01');
    expect((await billing.insights('do:team:5f4d', day, day)).map(({ sku }) => sku)).toEqual([
      '1-DO-DROP-0109',
      '1-KS-K8SWN-00109',
    ]);
    // The last one are the keys of Spaces, which this provider was not given.
    expect((await provider.scopes()).map(({ granted }) => granted)).toEqual([...scopes.map(() => 'yes'), 'no']);
    expect(unknown).toEqual([]);
  });

  test('each endpoint names the scope that the description asks for', () => {
    for (const { path, scope } of Object.values(endpoints)) {
      expect([path, described?.operation(path)?.scopes]).toEqual([path, expect.arrayContaining([scope])]);
    }
  });

  test("a backup, as a droplet's own listing shows it, is understood among the images too", () => {
    const [example] = (described?.operation('/v2/droplets/1/backups')?.examples ?? []) as { backups: unknown[] }[];
    expect(backupImages.read(example?.backups[0])).toMatchObject({
      ok: true,
      item: { kind: 'droplet_backup', externalId: '67539192', attributes: { size_gb: 2.34 } },
    });
  });

  test('backup policies, which are only asked for where there are backups, are understood', () => {
    const { path, key } = endpoints.backupPolicies;
    const [example] = described?.operation(path)?.examples ?? [];
    const policies = Object.values((example as Record<string, Record<string, unknown>>)[key] ?? {});
    const plans = policies
      .map((policy) => backupPolicies.read(policy))
      .map((read) => (read === 'skip' || !read.ok ? read : read.item.plan));
    expect(plans).toEqual([null, 'daily', 'weekly']);
    expect([...(described?.operation(path)?.query.keys() ?? [])]).toEqual(expect.arrayContaining(['page', 'per_page']));
  });

  test('every example of every other endpoint was served', () => {
    for (const { path } of Object.values(endpoints)) {
      if (path === endpoints.backupPolicies.path) continue;
      expect([path, served.get(path)?.size]).toEqual([path, described?.operation(path)?.examples.length]);
    }
  });
});
