import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openApiDescription } from './api-description.ts';
import { open, type Opened } from './simulator-client.ts';

const description = openApiDescription();

/** 25 droplets: page 1 of 20, page 2 of 5. */
let opened: Opened;
beforeEach(async () => {
  opened = await open({ fleet: 'bare', seed: 4, resources: 25 });
});
afterEach(() => opened.close());

const fault = (body: object) => opened.control('faults', body);
const droplets = (page = 1) => opened.send(`/v2/droplets?page=${page}`);
const ids = (reply: { body: { droplets: { id: number }[] } }) => reply.body.droplets.map((droplet) => droplet.id);

describe('refusals', () => {
  test('a burst is refused with retry-after', async () => {
    await fault({ fault: 'burst_limit', count: 1, retryAfterSeconds: 7 });
    const { status, headers, body } = await droplets();
    expect([status, headers['retry-after'], headers['ratelimit-remaining'], body.id]).toEqual([
      429,
      '7',
      '0',
      'too_many_requests',
    ]);
    expect((await droplets()).status).toBe(200);
  });

  test('an hour is refused without', async () => {
    await fault({ fault: 'hour_limit', count: 1 });
    const { status, headers } = await droplets();
    expect([status, headers['retry-after']]).toEqual([429, undefined]);
  });

  test('a token that is no longer good', async () => {
    await fault({ fault: 'bad_token' });
    const { status, body } = await droplets();
    expect([status, body.id]).toEqual([401, 'unauthorized']);
  });

  test('a scope that is missing, where it is needed', async () => {
    await fault({ fault: 'missing_scope', scopes: ['droplet:read'] });
    for (const path of ['/v2/droplets', '/v2/droplets/1', '/v2/droplets/backups/policies']) {
      const { status, body } = await opened.send(path);
      expect([status, body.id]).toEqual([403, 'forbidden']);
    }
    expect((await opened.send('/v2/volumes')).status).toBe(200);
  });

  test('a scope that is missing and hides silently, in projects too', async () => {
    const project = (await opened.send('/v2/projects/default')).body.project.id;
    const [id] = ids(await droplets());
    const total = async () => (await opened.send(`/v2/projects/${project}/resources`)).body.meta.total;
    expect(await total()).toBe(25);
    await fault({ fault: 'missing_scope', scopes: ['droplet:read'], hidden: true });
    const { status, body } = await droplets();
    expect([status, body]).toEqual([200, { droplets: [], meta: { total: 0 } }]);
    expect(await total()).toBe(0);
    // One by one, it is refused: nothing says that it is gone.
    expect((await opened.send(`/v2/droplets/${id}`)).status).toBe(403);
  });

  test.skipIf(description === null)('are described', async () => {
    for (const body of [
      { fault: 'burst_limit' },
      { fault: 'bad_token' },
      { fault: 'missing_scope', scopes: ['droplet:read'] },
      { fault: 'server_error', status: 503 },
    ]) {
      await fault(body);
      const reply = await droplets();
      expect(description?.answerProblems('GET', '/v2/droplets', reply.status, reply.body)).toEqual([]);
      await opened.send('/_simulator/faults', { method: 'DELETE' });
    }
  });
});

describe('in the middle of paging', () => {
  test.each([500, 502, 503, 504, 520, 522, 524])('%i after the first page', async (status) => {
    await fault({ fault: 'server_error', status, afterPage: 1, count: 1 });
    expect([(await droplets(1)).status, (await droplets(2)).status, (await droplets(2)).status]).toEqual([
      200,
      status,
      200,
    ]);
  });

  test.each(['before', 'within'])('the connection is dropped %s an answer', async (when) => {
    await fault({ fault: 'drop', afterPage: 1, when });
    expect((await droplets(1)).status).toBe(200);
    await expect(droplets(2)).rejects.toThrow(/socket hang up|aborted|ECONNRESET/);
  });

  test('JSON breaks off in an answer that is whole', async () => {
    await fault({ fault: 'truncate', afterPage: 1 });
    expect((await droplets(1)).body.droplets).toHaveLength(20);
    const { status, headers, text, body } = await droplets(2);
    expect([status, body, text.slice(0, 12)]).toEqual([200, undefined, '{"droplets":']);
    expect(headers['content-length']).toBe(String(text.length));
  });

  test('an answer is empty: no body, or no items', async () => {
    await fault({ fault: 'empty', count: 1 });
    expect([(await droplets()).text, (await droplets()).status]).toEqual(['', 200]);
    await fault({ fault: 'empty', what: 'items' });
    expect((await droplets()).body).toEqual({ droplets: [], meta: { total: 0 } });
  });

  test('an item moves to the end: another is passed over', async () => {
    const before = [...ids(await droplets(1)), ...ids(await droplets(2))];
    await fault({ fault: 'shift' });
    const after = [...ids(await droplets(1)), ...ids(await droplets(2))];
    expect(after).toHaveLength(25);
    expect(before.filter((id) => !after.includes(id))).toEqual([before[20]]);
    expect(after.at(-1)).toBe(before[0]);
  });

  test('an item moves to the front: another comes twice', async () => {
    const before = [...ids(await droplets(1)), ...ids(await droplets(2))];
    await fault({ fault: 'shift', by: -1 });
    const after = [...ids(await droplets(1)), ...ids(await droplets(2))];
    expect(after).toHaveLength(25);
    expect(after[20]).toBe(before[19]);
    expect(before.filter((id) => !after.includes(id))).toEqual([before[24]]);
  });
});

describe('unexpected words', () => {
  test('a status that nobody has heard of, for one droplet or all', async () => {
    const [id] = ids(await droplets());
    await fault({ fault: 'unknown_status', status: 'frozen', droplet: id });
    const statuses = (await droplets()).body.droplets.map((droplet: { status: string }) => droplet.status);
    expect(statuses.filter((status: string) => status === 'frozen')).toHaveLength(1);
    await fault({ fault: 'unknown_status' });
    expect((await opened.send(`/v2/droplets/${ids(await droplets(2))[0]}`)).body.droplet.status).toBe('hibernating');
  });

  test('reserved IPs under both names in URNs', async () => {
    const { events } = (await opened.control('fleet', { events: [{ type: 'reserve_ip' }] })) as {
      events: { id: string }[];
    };
    const urns = async () =>
      (await opened.all('/v2/projects/default/resources', 'resources')).map((resource) => resource.urn);
    expect(await urns()).toContain(`do:floatingip:${events[0]?.id}`);
    await fault({ fault: 'reservedip_urns' });
    expect(await urns()).toContain(`do:reservedip:${events[0]?.id}`);
  });

  test('actions that complete later than their effect', async () => {
    const [id] = ids(await droplets());
    await fault({ fault: 'late_actions', bySeconds: 300 });
    await opened.control('fleet', { events: [{ type: 'power', droplet: id, action: 'power_off' }] });
    const look = async () => {
      const [action] = (await opened.send('/v2/actions?per_page=1')).body.actions;
      return [(await opened.send(`/v2/droplets/${id}`)).body.droplet.status, action.status, action.completed_at];
    };
    expect(await look()).toEqual(['off', 'in-progress', null]);
    await opened.control('clock', { advanceBy: 'PT5M' });
    expect(await look()).toEqual(['off', 'completed', '2026-05-01T00:00:00Z']);
  });

  test('ratelimit-reset in the past', async () => {
    await fault({ fault: 'reset_in_past' });
    const { headers } = await droplets();
    expect(Number(headers['ratelimit-reset'])).toBeLessThan(opened.simulator.now().epochMilliseconds / 1000);
  });
});

describe('answers that are not as they were described', () => {
  test.each([
    ['absent', {}],
    ['null', { droplets: null }],
    ['object', { droplets: {} }],
  ])('a list without items is %s', async (as, held) => {
    await fault({ fault: 'empty_shape', as });
    expect((await droplets()).body.droplets).toHaveLength(20);
    expect((await opened.send('/v2/droplets?type=gpus')).body).toEqual({ ...held, meta: { total: 0 } });
  });

  test('a field of one item is missing, or something else', async () => {
    const [first, second] = ids(await droplets());
    await fault({ fault: 'field', id: first, field: 'size_slug' });
    await fault({ fault: 'field', id: first, field: 'region.slug', value: null });
    await fault({ fault: 'field', id: second, field: 'tags', value: 'none' });
    const [damaged, other, whole] = (await droplets()).body.droplets;
    expect(damaged).not.toHaveProperty('size_slug');
    expect(damaged.region.slug).toBeNull();
    expect(other.tags).toBe('none');
    expect(whole).toMatchObject({ size_slug: expect.any(String), tags: [] });
    expect((await opened.send(`/v2/droplets/${first}`)).body.droplet.size_slug).toEqual(expect.any(String));
  });

  test('a collection is not there, one of a kind as well', async () => {
    await fault({ fault: 'refuse', query: 'type=gpus', status: 400 });
    expect((await droplets()).status).toBe(200);
    const refused = await opened.send('/v2/droplets?type=gpus');
    expect([refused.status, refused.body.id]).toEqual([400, 'bad_request']);
    expect(description?.answerProblems('GET', '/v2/droplets', 400, refused.body) ?? []).toEqual([]);
  });

  test('fields that need a scope of their own are left out with it', async () => {
    const [id] = ids(await droplets());
    await opened.control('fleet', { events: [{ type: 'tag', kind: 'droplet', id, tags: ['web'] }] });
    await fault({ fault: 'missing_scope', scopes: ['tag:read', 'vpc:read'], hidden: true });
    const { status, body } = await droplets();
    expect(status).toBe(200);
    expect(body.droplets[0].tags).toEqual([]);
    expect(body.droplets[0]).not.toHaveProperty('vpc_uuid');
    expect(description?.answerProblems('GET', '/v2/droplets', 200, body) ?? []).toEqual([]);
    expect((await opened.send(`/v2/droplets/${id}`)).body.droplet.tags).toEqual([]);
  });

  test('the fleet changes between two pages', async () => {
    const [id] = ids(await droplets());
    const event = { type: 'create_droplet', id: 999, name: 'late' };
    await fault({ fault: 'meanwhile', events: [{ type: 'destroy', kind: 'droplet', id }, event] });
    const first = await droplets(1);
    const second = await droplets(2);
    expect([first.body.meta.total, second.body.meta.total]).toEqual([25, 25]);
    expect(ids(first)).toContain(id);
    expect(ids(second)).toHaveLength(5);
    expect(ids(second)).toContain(999);
    expect(ids(await droplets(1))).not.toContain(id);
  });
});

describe('clocks', () => {
  const shown = async () =>
    (await opened.send('/v2/actions')).body.actions.map(
      (each: { id: number; resource_id: number }) => each.resource_id,
    );

  test('the action log lags, of one droplet or of all, or is in another order', async () => {
    const [first, second] = ids(await droplets());
    const power = (droplet: number | undefined, seconds: number) => ({
      type: 'power',
      droplet,
      action: 'reboot',
      seconds,
    });
    await opened.control('fleet', { events: [power(first, 3_000)] });
    await opened.control('clock', { advanceBy: 'PT10M' });
    await opened.control('fleet', { events: [power(second, 0)] });
    await opened.control('clock', { advanceBy: 'PT50M' });
    expect((await shown()).slice(0, 2)).toEqual([second, first]);
    await fault({ fault: 'unordered_actions' });
    expect((await shown()).slice(0, 2)).toEqual([first, second]);
    await opened.send('/_simulator/faults', { method: 'DELETE' });
    await fault({ fault: 'lagging_actions', bySeconds: 3_601, droplet: first });
    expect((await shown())[0]).toBe(second);
    await fault({ fault: 'lagging_actions', bySeconds: 3_001 });
    expect(await shown()).not.toContain(second);
  });

  test('the header date is not the clock', async () => {
    await fault({ fault: 'clock_skew', seconds: -90 });
    const { date, 'x-simulated-clock': clock } = (await droplets()).headers;
    expect(clock).toBe('2026-05-01T00:00:00Z');
    expect(date).toBe('Thu, 30 Apr 2026 23:58:30 GMT');
  });
});

test('a fault holds for its path, so many times, or until cleared', async () => {
  await fault({ fault: 'server_error', path: '/v2/droplets', count: 2 });
  expect((await opened.send('/v2/volumes')).status).toBe(200);
  expect([(await droplets()).status, (await droplets()).status, (await droplets()).status]).toEqual([500, 500, 200]);
  await fault({ fault: 'server_error' });
  expect((await opened.send('/_simulator/faults')).body.faults).toHaveLength(1);
  await opened.send('/_simulator/faults', { method: 'DELETE' });
  expect((await droplets()).status).toBe(200);
});
