import { afterEach, expect, test } from 'vitest';
import { collectionsByKind, readAll } from './collections.ts';
import { type Collection, paginate, perPage } from './paginate.ts';
import { Reading, Requester, requestLimits } from './request.ts';
import {
  type TestApi,
  type TestHandler,
  TestMachine,
  answer,
  readListing,
  startApi,
} from '../../../test/fixtures/digitalocean.ts';
import { SimulatedFloor } from './simulated-floor.ts';
import { Throttle } from './throttle.ts';

const open: TestApi[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((api) => api.close()));
});

async function start(handler: TestHandler) {
  const api = await startApi(handler);
  open.push(api);
  const machine = new TestMachine();
  const requester = new Requester({
    apiUrl: api.url,
    token: 't',
    machine,
    throttle: new Throttle(machine),
    simulatedFloor: new SimulatedFloor(),
    limits: requestLimits,
    onRequest: () => {},
  });
  return { api, reading: new Reading(requester) };
}

const things: Collection<string> = {
  endpoint: { path: '/v2/things', key: 'things', scope: 'thing:read', query: { private: 'true' } },
  idOf: (raw) => (raw as { id?: string }).id ?? null,
  read: (raw) => {
    const { id, broken } = raw as { id: string; broken?: true };
    return { ok: true, item: id, faults: broken ? ['size: not a number'] : [] };
  },
};

const ids = (...names: string[]) => names.map((id) => ({ id }));

/** Serves the given answers in turn, the last one again and again. */
function inTurn(...bodies: ((url: string) => unknown)[]): TestHandler {
  let asked = 0;
  return (request, response) => {
    const body = bodies[Math.min(asked, bodies.length - 1)];
    asked += 1;
    answer(response, 200, body?.(`http://${request.headers.host}`));
  };
}

const page = (items: unknown[], total: number | undefined, next?: string) => (url: string) => ({
  things: items,
  ...(next !== undefined && { links: { pages: { next: `${url}${next}` } } }),
  ...(total !== undefined && { meta: { total } }),
});

test('a single page has no links', async () => {
  const { api, reading } = await start(inTurn(page(ids('a', 'b'), 2)));
  expect(await readListing(paginate(reading, things))).toEqual({
    items: ['a', 'b'],
    pages: 1,
    end: { outcome: 'complete', reason: null, absence: { unread: [], certainty: 'evident' }, requests: 1 },
  });
  expect(api.asked).toEqual([`/v2/things?private=true&page=1&per_page=${perPage}`]);
});

test('pages are followed, and the filter of the first is kept on the next even where the link forgets it', async () => {
  const { api, reading } = await start(inTurn(page(ids('a', 'b'), 3, '/v2/things?page=2'), page(ids('c'), 3)));
  const { items, end } = await readListing(paginate(reading, things));
  expect(items).toEqual(['a', 'b', 'c']);
  expect(end).toMatchObject({ outcome: 'complete', absence: { unread: [], certainty: 'movable' }, requests: 2 });
  expect(api.asked[1]).toBe(`/v2/things?private=true&page=2&per_page=${perPage}`);
});

test('an item that moved to the next page is reported once, and the one it hid is found by reading again', async () => {
  const { reading } = await start(
    inTurn(
      page(ids('b', 'c'), 3, '/v2/things?page=2'),
      page(ids('c', 'd'), 4),
      page(ids('a', 'b'), 4, '/v2/things?page=2'),
      page(ids('c', 'd'), 4),
    ),
  );
  const { items, end } = await readListing(paginate(reading, things));
  expect(items).toEqual(['b', 'c', 'd', 'a']);
  expect(end).toMatchObject({ outcome: 'complete', requests: 4 });
});

test('a count that still differs after reading again is partial', async () => {
  const { reading } = await start(inTurn(page(ids('a', 'b'), 3)));
  const { items, end } = await readListing(paginate(reading, things));
  expect(items).toEqual(['a', 'b']);
  expect(end).toMatchObject({
    outcome: 'partial',
    problem: 'count_mismatch',
    absence: { unread: [], certainty: 'unclear' },
  });
  expect(end.requests).toBe(2);
  expect(end).toMatchObject({ reason: expect.stringContaining('2 items read, the provider counts 3') });
});

test('an empty page where the provider counts some is not complete; an empty account is', async () => {
  const lying = await start(inTurn(page([], 40)));
  expect((await readListing(paginate(lying.reading, things))).end).toMatchObject({ problem: 'count_mismatch' });
  const empty = await start(inTurn(page([], 0)));
  expect(await readListing(paginate(empty.reading, things))).toMatchObject({
    items: [],
    pages: 1,
    end: { outcome: 'complete', requests: 1 },
  });
});

test.each([{}, { things: null }, { things: {} }, { things: null, meta: { total: 0 } }])(
  'a list without items that is there as %j is empty',
  async (body) => {
    const { reading } = await start(inTurn(() => body));
    expect(await readListing(paginate(reading, things))).toMatchObject({ items: [], end: { outcome: 'complete' } });
  },
);

test('a list that is left out where the provider counts some is not empty', async () => {
  const { reading } = await start(inTurn(() => ({ meta: { total: 3 } })));
  expect((await readListing(paginate(reading, things))).end).toMatchObject({ problem: 'count_mismatch' });
});

test.each([[], null, 7, { things: 'none' }, { things: { a: 1 } }])(
  'an answer without its list, %j, is malformed',
  async (body) => {
    const { reading } = await start(inTurn(() => body));
    expect(await readListing(paginate(reading, things))).toMatchObject({
      pages: 0,
      end: { outcome: 'partial', problem: 'malformed', absence: { unread: [{}] } },
    });
  },
);

test('a field that is not understood is named by item and path, and hides nothing', async () => {
  const { reading } = await start(inTurn(page([{ id: 'a' }, { id: 'b', broken: true }, { id: 'c', broken: true }], 3)));
  expect(await readListing(paginate(reading, things))).toMatchObject({
    items: ['a', 'b', 'c'],
    end: {
      outcome: 'complete',
      reason: 'GET /v2/things: b: size: not a number (and 1 more item)',
      absence: { unread: [], certainty: 'evident' },
    },
  });
});

test('an item without an id may be any that seems to be missing', async () => {
  const { reading } = await start(inTurn(page([{ id: 'a' }, { name: 'd' }], 2)));
  expect(await readListing(paginate(reading, things))).toMatchObject({
    items: ['a'],
    end: {
      outcome: 'partial',
      problem: 'not_understood',
      reason: 'GET /v2/things: item 2 of page 1: id: missing',
      absence: { unread: [], certainty: 'unclear' },
    },
  });
});

test.each(['https://elsewhere.example/v2/things?page=2', 'not a link at all:', 'https://user@[bad/v2/things'])(
  'a next page said to be at %s is not followed',
  async (next) => {
    const { api, reading } = await start(
      inTurn(() => ({ things: ids('a'), links: { pages: { next } }, meta: { total: 2 } })),
    );
    const { items, end } = await readListing(paginate(reading, things));
    // What this page shows is so, wherever the next is said to be.
    expect(items).toEqual(['a']);
    expect(end).toMatchObject({ outcome: 'partial', problem: 'malformed', absence: { unread: [{}] } });
    expect(end.reason).toContain('the next page is said to be at');
    expect(api.asked).toHaveLength(1);
  },
);

test('another path of the same host is not followed either', async () => {
  const { reading } = await start(inTurn(page(ids('a'), 2, '/v2/other?page=2')));
  expect((await readListing(paginate(reading, things))).end).toMatchObject({ problem: 'malformed' });
});

test('pages that name each other are not read for ever', async () => {
  const { api, reading } = await start(inTurn(page(ids('a'), 2, '/v2/things?page=1')));
  expect((await readListing(paginate(reading, things))).end).toMatchObject({ problem: 'count_mismatch' });
  expect(api.asked).toHaveLength(4);
});

test('a failure in the middle keeps what was read', async () => {
  const { reading } = await start((request, response, url) =>
    url.searchParams.get('page') === '1'
      ? answer(response, 200, page(ids('a'), 2, '/v2/things?page=2')(`http://${request.headers.host}`))
      : answer(response, 503, {}),
  );
  expect(await readListing(paginate(reading, things))).toMatchObject({
    items: ['a'],
    pages: 1,
    end: { outcome: 'partial', problem: 'provider_error', requests: 6 },
  });
});

test('a missing scope is named', async () => {
  const { reading } = await start((_, response) => answer(response, 403, { message: 'Forbidden' }));
  const { end } = await readListing(paginate(reading, things));
  expect(end).toMatchObject({ problem: 'forbidden', reason: expect.stringContaining('thing:read') });
});

test('reading stops after a whole page without anything wanted, and nothing is counted then', async () => {
  const { api, reading } = await start(
    inTurn(
      page(ids('d', 'a', 'c'), 900, '/v2/things?page=2'),
      page(ids('a1', 'e'), 900, '/v2/things?page=3'),
      page(ids('a2', 'a3'), 900, '/v2/things?page=4'),
    ),
  );
  const newer: Collection<string> = { ...things, wants: (id) => id >= 'b' };
  expect(await readListing(paginate(reading, newer))).toMatchObject({
    items: ['d', 'c', 'e'],
    end: { outcome: 'complete' },
  });
  expect(api.asked).toHaveLength(3);
});

test('GPU droplets come from a listing of their own; both must be complete', async () => {
  const droplet = (id: number) => ({
    id,
    name: `d${id}`,
    status: 'active',
    size_slug: 's',
    vcpus: 1,
    memory: 1,
    disk: 1,
    created_at: '2026-05-01T00:00:00Z',
    region: { slug: 'nyc3' },
    tags: [],
    image: { slug: 'debian' },
  });
  let gpus = 200;
  const { reading } = await start((_, response, url) => {
    const isGpu = url.searchParams.get('type') === 'gpus';
    if (isGpu && gpus !== 200) return answer(response, gpus, {});
    const droplets = isGpu ? [droplet(2)] : [droplet(1)];
    answer(response, 200, { droplets, meta: { total: 1 } });
  });
  const both = await readListing(readAll(reading, collectionsByKind.droplet ?? []));
  expect(both.items.map(({ externalId, attributes }) => [externalId, attributes.gpu])).toEqual([
    ['1', false],
    ['2', true],
  ]);
  expect(both.end).toMatchObject({ outcome: 'complete', requests: 2, absence: { unread: [] } });
  gpus = 403;
  const one = await readListing(readAll(reading, collectionsByKind.droplet ?? []));
  expect(one.items).toHaveLength(1);
  expect(one.end).toMatchObject({ outcome: 'partial', problem: 'forbidden', absence: { unread: [{ gpu: true }] } });
  gpus = 400;
  expect((await readListing(readAll(reading, collectionsByKind.droplet ?? []))).end).toMatchObject({
    outcome: 'partial',
    problem: 'not_offered',
    absence: { unread: [{ gpu: true }], certainty: 'evident' },
  });
});
