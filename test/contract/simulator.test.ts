import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { routesOf } from '../../src/simulator/routes.ts';
import type { FleetName } from '../../src/simulator/server.ts';
import { openApiDescription } from './api-description.ts';
import { ascending, open, type Opened } from './simulator-client.ts';

const description = openApiDescription();

/** Where the provider itself departs from its description, and the simulator with it. */
const departures = [
  // The description's prose has do:app, its pattern does not; and kinds come that no pattern knows.
  /^\/resources\/\d+\/urn must match pattern/,
  // An unknown status for a while.
  /^\/droplets?(\/\d+)?\/status must be equal to one of the allowed values/,
];

const instants: Record<FleetName, readonly string[]> = {
  pilot: ['2026-05-01T00:00:00Z', '2026-05-17T11:30:00Z'],
  bare: ['2026-05-01T00:00:00Z'],
  hoster: ['2026-05-01T00:00:00Z', '2026-05-21T12:00:00Z'],
  // The second has a droplet with an unknown status, the third a GPU and a quantum machine.
  agency: ['2026-03-20T00:00:00Z', '2026-05-03T12:00:00Z', '2026-05-12T03:04:02Z', '2026-06-18T00:00:00Z'],
};

describe.skipIf(description === null)("every answer is as the provider's description has it", () => {
  for (const [fleet, at] of Object.entries(instants) as [FleetName, string[]][]) {
    test(`of the fleet ${fleet}`, async () => {
      const opened = await open({ fleet, seed: 7, ...(fleet === 'hoster' && { resources: 600 }) });
      await opened.control('limits', { perHour: null, perMinute: null });
      const check = async (url: string, status: number) => {
        const reply = await opened.send(url);
        const problems = description?.answerProblems('GET', url, reply.status, reply.body) ?? [];
        const unexpected = problems.filter((problem) => !departures.some((known) => known.test(problem)));
        expect({ url, status: reply.status, problems: unexpected }).toEqual({ url, status, problems: [] });
        return reply.body;
      };
      for (const instant of at) {
        opened.simulator.advanceTo(Temporal.Instant.from(instant));
        // Files and days are looked at in simulator-billing.test.ts, what is under an id in simulator-writes.test.ts.
        const routes = routesOf(fleet).filter(({ type, path }) => type !== 'file' && !/\{(?!id\})/.test(path));
        for (const route of routes) {
          const ids = await idsFor(opened, route.path);
          for (const id of ids) {
            const url = route.path.replace('{id}', id);
            await check(url, 200);
            if (route.type !== 'list') continue;
            for (const query of ['?per_page=200', '?per_page=7&page=2', '?page=99999']) await check(url + query, 200);
          }
          if (route.path.includes('{id}')) await check(route.path.replace('{id}', 'no-such-thing'), 404);
        }
        for (const query of ['?type=gpus&per_page=200', '?tag_name=client']) await check(`/v2/droplets${query}`, 200);
        for (const query of ['?private=true&per_page=200', '?type=distribution'])
          await check(`/v2/images${query}`, 200);
        for (const query of ['?resource_type=volume', '?resource_type=droplet'])
          await check(`/v2/snapshots${query}`, 200);
      }
      await opened.close();
    });
  }
});

/** The first ids that a path's own listing shows. */
async function idsFor(opened: Opened, path: string): Promise<string[]> {
  if (!path.includes('{id}')) return [''];
  const listing = path.slice(0, path.indexOf('/{id}'));
  const list = routesOf('any').find((route) => route.path === listing);
  if (list?.type !== 'list') throw new Error(`${listing} lists nothing`);
  const { body } = await opened.send(`${listing}?per_page=3`);
  return body[list.key].map((item: Record<string, unknown>) =>
    String(item['id'] ?? item['ip'] ?? item['invoice_uuid'] ?? item['name']),
  );
}

describe('the API', () => {
  let opened: Opened;
  beforeAll(async () => {
    opened = await open({ fleet: 'agency', seed: 1, at: Temporal.Instant.from('2026-05-20T00:00:00Z') });
    await opened.control('limits', { perHour: null, perMinute: null });
  });
  afterAll(() => opened.close());

  test('tells the simulated instant with every answer, errors and the control endpoint included', async () => {
    for (const path of ['/v2/account', '/v2/nothing', '/_simulator/clock', '/_spaces/']) {
      const { headers } = await opened.send(path);
      expect([headers['x-simulated-clock'], headers['date']]).toEqual([
        '2026-05-20T00:00:00Z',
        'Wed, 20 May 2026 00:00:00 GMT',
      ]);
    }
  });

  test('pages as the provider does: 20 by default, 200 at most, links only where they lead', async () => {
    const first = (await opened.send('/v2/droplets')).body;
    expect(first.droplets).toHaveLength(20);
    expect(first.links.pages).toEqual({
      next: 'http://simulator.example/v2/droplets?page=2&per_page=20',
      last: `http://simulator.example/v2/droplets?page=${Math.ceil(first.meta.total / 20)}&per_page=20`,
    });
    const second = (await opened.send('/v2/images?private=true&per_page=30&page=2')).body;
    expect(Object.keys(second.links.pages).toSorted(ascending)).toEqual(['first', 'last', 'next', 'prev']);
    expect(second.links.pages.prev).toBe('http://simulator.example/v2/images?private=true&per_page=30&page=1');
    const single = (await opened.send('/v2/droplets?per_page=5000')).body;
    expect(single).not.toHaveProperty('links');
    expect(single.droplets).toHaveLength(single.meta.total);
    const beyond = (await opened.send('/v2/droplets?page=50')).body;
    expect([beyond.droplets, beyond.meta.total]).toEqual([[], single.meta.total]);
    for (const query of ['page=0', 'page=x', 'per_page=-1'])
      expect((await opened.send(`/v2/droplets?${query}`)).status).toBe(400);
  });

  test('pages of any size make up the same list, without a gap and without one twice', async () => {
    const whole = await opened.all('/v2/actions', 'actions');
    expect(await opened.all('/v2/actions', 'actions', 37)).toEqual(whole);
    expect(new Set(whole.map((action) => action.id)).size).toBe(whole.length);
    const started = whole.map((action) => action.started_at);
    expect(started).toEqual(started.toSorted((a, b) => (a < b ? 1 : a > b ? -1 : 0)));
  });

  test('refuses what a token for reading may not do, and counts it', async () => {
    await opened.send('/_simulator/requests', { method: 'DELETE' });
    expect((await opened.send('/v2/droplets', { method: 'POST', body: { name: 'x' } })).status).toBe(403);
    await opened.send('/v2/droplets/1');
    const { body } = await opened.send('/_simulator/requests');
    expect(body).toMatchObject({ total: 2, writes: 1, counts: { 'POST /v2/droplets': 1, 'GET /v2/droplets/{id}': 1 } });
  });

  test('answers what it does not know as the provider does', async () => {
    const { status, body } = await opened.send('/v2/droplets/1');
    expect([status, body.id, body.message]).toEqual([
      404,
      'not_found',
      'The resource you requested could not be found.',
    ]);
    for (const path of ['/v2', '/v2/nothing', '/v2/droplets/1/nothing', '/'])
      expect((await opened.send(path)).status).toBe(404);
  });

  test('knows no one without a token, and only the one that it was given', async () => {
    expect((await opened.send('/v2/account', { token: null })).status).toBe(401);
    const strict = await open({ fleet: 'pilot', seed: 1, token: 'right' });
    expect((await strict.send('/v2/account', { token: 'wrong' })).status).toBe(401);
    expect((await strict.send('/v2/account', { token: 'right' })).status).toBe(200);
    await strict.close();
  });

  test('gives prices as floats of single precision, as the provider does', async () => {
    const sizes = await opened.all('/v2/sizes', 'sizes');
    for (const { price_hourly } of sizes) expect(price_hourly).toBe(Math.fround(price_hourly));
  });
});

describe('rate limits', () => {
  test('are 250 a minute and 5,000 an hour of the virtual clock, per token', async () => {
    const opened = await open({ fleet: 'pilot', seed: 1 });
    const spend = async (count: number, token: string) => {
      const replies: Awaited<ReturnType<Opened['send']>>[] = [];
      for (let i = 0; i < count; i++) replies.push(await opened.send('/v2/regions', { token }));
      return replies.find((reply) => reply.status !== 200) ?? null;
    };
    expect(await spend(250, 'a')).toBeNull();
    const burst = await spend(1, 'a');
    expect(burst?.body).toMatchObject({ id: 'too_many_requests', message: 'API rate limit exceeded.' });
    expect(Number(burst?.headers['retry-after'])).toBeGreaterThan(0);
    expect(burst?.headers['ratelimit-remaining']).toBe('0');
    expect(await spend(1, 'b')).toBeNull();

    // A minute on, the burst is forgotten and the hour is not.
    await opened.control('clock', { advanceBy: 'PT1M' });
    await opened.control('limits', { perHour: 300, perMinute: 250 });
    expect(await spend(50, 'a')).toBeNull();
    const hourly = await spend(1, 'a');
    expect(hourly?.status).toBe(429);
    expect(hourly?.headers).not.toHaveProperty('retry-after');
    expect(Number(hourly?.headers['ratelimit-reset'])).toBeGreaterThan(opened.simulator.now().epochMilliseconds / 1000);
    await opened.control('clock', { advanceBy: 'PT1H' });
    expect(await spend(1, 'a')).toBeNull();
    await opened.close();
  });

  test('show in the headers of every answer', async () => {
    const opened = await open({ fleet: 'pilot', seed: 1 });
    await opened.send('/v2/account');
    const { headers } = await opened.send('/v2/nothing');
    expect([headers['ratelimit-limit'], headers['ratelimit-remaining']]).toEqual(['5000', '4998']);
    expect(Number(headers['ratelimit-reset'])).toBeGreaterThan(opened.simulator.now().epochMilliseconds / 1000);
    await opened.close();
  });
});

describe('the control endpoint', () => {
  let opened: Opened;
  beforeAll(async () => {
    opened = await open({ fleet: 'pilot', seed: 1 });
  });
  afterAll(() => opened.close());
  const post = (what: string, body: unknown) => opened.send(`/_simulator/${what}`, { method: 'POST', body });

  test('moves the clock to an instant and by a duration, and never back', async () => {
    expect((await post('clock', { advanceTo: '2026-05-02T00:00:00Z' })).body.now).toBe('2026-05-02T00:00:00Z');
    expect((await post('clock', { advanceBy: 'P1DT6H' })).body.now).toBe('2026-05-03T06:00:00Z');
    const back = await post('clock', { advanceTo: '2026-05-02T00:00:00Z' });
    expect([back.status, back.body.error.message]).toEqual([400, 'the clock does not go back']);
    expect((await opened.send('/_simulator/clock')).body).toEqual({
      now: '2026-05-03T06:00:00Z',
      start: '2026-05-01T00:00:00Z',
      end: '2026-06-01T00:00:00Z',
    });
  });

  test.each([
    ['clock', { advanceTo: 'tomorrow' }],
    ['clock', { advanceBy: '2 days' }],
    ['clock', { advanceBy: 'P99Y' }],
    ['clock', {}],
    ['faults', { fault: 'gremlins' }],
    ['faults', { fault: 'truncate', pages: 3 }],
    ['limits', { perHour: 0, perMinute: null }],
    ['fleet', { events: [] }],
    ['fleet', { events: [{ type: 'power', droplet: 1, action: 'explode' }] }],
  ])('says what is wrong with %s %j', async (what, body) => {
    const reply = await post(what, body);
    expect([reply.status, typeof reply.body.error.message]).toEqual([400, 'string']);
  });

  test('lets a token lack the scopes that it names', async () => {
    const status = async (path: string, token: string) => (await opened.send(path, { token })).status;
    expect(await status('/v2/snapshots', 'any')).toBe(200);
    expect(await status('/v2/snapshots', 'any-without-snapshot:read,tag:read')).toBe(403);
    expect(await status('/v2/tags', 'any-without-snapshot:read,tag:read')).toBe(403);
    expect(await status('/v2/droplets', 'any-without-snapshot:read,tag:read')).toBe(200);
    expect(await status('/v2/nowhere', 'any')).toBe(404);
  });

  test('does things by hand at the current instant', async () => {
    const { events } = (await opened.control('fleet', {
      events: [
        { type: 'create_project', name: 'By hand' },
        { type: 'create_droplet', name: 'handmade', size: 's-2vcpu-4gb', tags: ['x'] },
        { type: 'create_droplet', name: 'graphics', size: 'gpu-4000adax1-20gb', region: 'ams3' },
      ],
    })) as { events: { id: string | number }[] };
    const [project, droplet, gpu] = events.map((event) => event.id);
    const one = async (id = droplet) => (await opened.send(`/v2/droplets/${id}`)).body.droplet;
    expect(await one()).toMatchObject({ status: 'active', created_at: '2026-05-03T06:00:00Z', tags: ['x'] });

    await opened.control('fleet', {
      events: [
        { type: 'power', droplet, action: 'power_off' },
        { type: 'resize_droplet', droplet, size: 's-4vcpu-8gb' },
        { type: 'untag', kind: 'droplet', id: droplet, tags: ['x'] },
        { type: 'move', urn: `do:droplet:${droplet}`, project },
        { type: 'create_snapshot', resourceType: 'droplet', resourceId: droplet, name: 's', sizeGb: 5 },
      ],
    });
    expect(await one()).toMatchObject({ status: 'off', size_slug: 's-4vcpu-8gb', disk: 160, tags: [] });
    const urns = (await opened.all(`/v2/projects/${project}/resources`, 'resources')).map((resource) => resource.urn);
    expect(urns).toEqual([`do:droplet:${droplet}`]);

    // GPU droplets are listed only where they are asked for.
    const names = async (query: string) => (await opened.all(`/v2/droplets${query}`, 'droplets')).map((d) => d.name);
    expect(await names('')).not.toContain('graphics');
    expect(await names('?type=gpus')).toEqual(['graphics']);
    expect((await one(gpu)).gpu_info).toMatchObject({ count: 1 });

    // A snapshot outlives its droplet.
    await opened.control('fleet', { events: [{ type: 'destroy', kind: 'droplet', id: droplet }] });
    expect((await opened.send(`/v2/droplets/${droplet}`)).status).toBe(404);
    const snapshots = await opened.all('/v2/snapshots', 'snapshots');
    expect(snapshots.filter((snapshot) => snapshot.resource_id === String(droplet))).toHaveLength(1);
  });

  test('shows an action in progress until it completes, and its effect from then on', async () => {
    const { events } = (await opened.control('fleet', {
      events: [{ type: 'create_droplet', name: 'slow', seconds: 90 }],
    })) as {
      events: { id: number }[];
    };
    const id = events[0]?.id;
    const look = async () => {
      const { droplet } = (await opened.send(`/v2/droplets/${id}`)).body;
      const [action] = (await opened.send('/v2/actions?per_page=1')).body.actions;
      return [droplet.status, droplet.locked, action.status, action.resource_id, action.completed_at];
    };
    expect(await look()).toEqual(['new', true, 'in-progress', id, null]);
    await opened.control('clock', { advanceBy: 'PT89S' });
    expect(await look()).toEqual(['new', true, 'in-progress', id, null]);
    await opened.control('clock', { advanceBy: 'PT1S' });
    expect(await look()).toEqual(['active', false, 'completed', id, '2026-05-03T06:01:30Z']);
  });

  test('tells what an operator would declare, which the API itself does not', async () => {
    const { body } = await opened.send('/_simulator/');
    expect(body).toMatchObject({ fleet: 'pilot', seed: 1, s3Endpoint: opened.simulator.s3Endpoint });
    expect(body.deployments[0]).toMatchObject({
      slug: 'acme-studio',
      startsAt: '2026-05-01T00:00:00Z',
      plan: 'studio',
    });
  });
});
