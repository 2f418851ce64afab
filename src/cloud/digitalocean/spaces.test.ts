import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CreateBucketCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import S3rver from 's3rver';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createDigitalOcean } from './client.ts';
import { SimulatedFloor } from './simulated-floor.ts';
import { Spaces, spacesRegions } from './spaces.ts';
import { type TestHandler, readListing, startApi } from '../../../test/fixtures/digitalocean.ts';

// Against an S3 server of somebody else's making.

let directory: string;
let server: S3rver;
let endpoint: string;
const keys = { accessKeyId: 'S3RVER', secretAccessKey: 'S3RVER' };

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'arcadia-spaces-'));
  server = new S3rver({ port: 0, address: '127.0.0.1', silent: true, directory });
  const { port } = await server.run();
  endpoint = `http://127.0.0.1:${port}`;
  const client = new S3Client({
    region: 'nyc3',
    endpoint,
    credentials: keys,
    forcePathStyle: true,
    requestChecksumCalculation: 'WHEN_REQUIRED',
  });
  for (const Bucket of ['assets', 'media.example.com']) await client.send(new CreateBucketCommand({ Bucket }));
  for (const Key of ['a', 'b/c', 'b/d']) {
    await client.send(new PutObjectCommand({ Bucket: 'assets', Key, Body: 'x'.repeat(33_400) }));
  }
  client.destroy();
});

afterAll(async () => {
  await server.close();
  await rm(directory, { recursive: true });
});

function spaces(changes: Partial<ConstructorParameters<typeof Spaces>[0]> = {}, objectPagesPerBucket = 20) {
  const events: unknown[] = [];
  const made = new Spaces(
    { ...keys, endpoint, regions: ['nyc3'], ...changes },
    (event) => events.push(event),
    new SimulatedFloor(),
    {
      objectPagesPerBucket,
      bucketPages: 5,
    },
  );
  return { events, spaces: made };
}

test('buckets are listed with the sum of their objects', async () => {
  const { spaces: nyc3, events } = spaces();
  const { items, end } = await readListing(nyc3.list());
  expect(items).toHaveLength(2);
  expect(items[0]).toMatchObject({
    kind: 'spaces_bucket',
    externalId: 'assets',
    urn: 'do:space:assets',
    region: 'nyc3',
    status: 'active',
    attributes: { size_gb: 0.000093319, objects: 3 },
  });
  expect(items[0]?.createdAt).toBeInstanceOf(Temporal.Instant);
  expect(items[1]?.attributes).toEqual({ size_gb: 0, objects: 0 });
  expect(end).toMatchObject({ outcome: 'complete', requests: 3 });
  expect(nyc3.sent).toBe(3);
  expect(events).toHaveLength(3);
  expect(JSON.stringify(events)).not.toContain('S3RVER');
  nyc3.close();
});

test('a bucket that is listed in several regions is one bucket', async () => {
  const { spaces: both } = spaces({ regions: ['nyc3', 'fra1'] });
  expect((await readListing(both.list())).items.map(({ externalId }) => externalId)).toEqual([
    'assets',
    'media.example.com',
  ]);
  both.close();
});

test('without regions every region is asked', async () => {
  const { spaces: all } = spaces({ regions: [] });
  const { items, end } = await readListing(all.list());
  expect(items).toHaveLength(2);
  expect(end).toMatchObject({ outcome: 'complete', requests: spacesRegions.length + 2 });
  all.close();
});

test('settings of a bucket are asked for where it was listed, and in no other region', async () => {
  const asked: string[] = [];
  const api = await startApi((request, response, url) => {
    const [, region = ''] = /\/\d{8}\/([a-z0-9]+)\/s3\//.exec(request.headers.authorization ?? '') ?? [];
    asked.push(`${region} ${url.pathname}`);
    const here = region === 'fra1' && url.pathname === '/' ? '<Bucket><Name>media</Name></Bucket>' : '';
    const isThere = url.pathname === '/' || region === 'fra1';
    response.writeHead(isThere ? 200 : 404, { 'content-type': 'application/xml' });
    response.end(isThere ? `<Answer><Buckets>${here}</Buckets></Answer>` : '<Error><Code>NoSuchBucket</Code></Error>');
  });
  const { spaces: both } = spaces({ endpoint: api.url, regions: ['nyc3', 'fra1'] });
  const settings = async () => {
    asked.length = 0;
    const { items } = await readListing(both.listSettings(['media']));
    expect(items).toHaveLength(1);
    return asked.map((each) => each.split(' ')[0]);
  };
  expect(new Set(await settings())).toEqual(new Set(['nyc3', 'fra1']));
  await readListing(both.list());
  expect(await settings()).toEqual(['fra1', 'fra1', 'fra1']);
  both.close();
  await api.close();
});

// s3rver does not page on this Node, so these answers are written out.
test.each([
  ['all pages of objects are added up', 2, 2, 'complete'],
  ['a bucket with more pages than are read is there without a size, not measured wrongly', 1, undefined, 'partial'],
])('%s; one that was deleted since it was listed is no problem', async (_, pages, size, outcome) => {
  const xml = (response: Parameters<TestHandler>[1], status: number, body: string) => {
    response.writeHead(status, { 'content-type': 'application/xml' });
    response.end(`<?xml version="1.0" encoding="UTF-8"?>${body}`);
  };
  const api = await startApi((_request, response, url) => {
    if (url.pathname === '/') {
      const buckets = ['big', 'gone', 'small'].map((name) => `<Bucket><Name>${name}</Name></Bucket>`).join('');
      return xml(response, 200, `<ListAllMyBucketsResult><Buckets>${buckets}</Buckets></ListAllMyBucketsResult>`);
    }
    if (url.pathname.startsWith('/gone')) return xml(response, 404, '<Error><Code>NoSuchBucket</Code></Error>');
    const more = url.pathname.startsWith('/big') && url.searchParams.get('continuation-token') !== 'second';
    xml(
      response,
      200,
      `<ListBucketResult><IsTruncated>${more}</IsTruncated>${more ? '<NextContinuationToken>second</NextContinuationToken>' : ''}` +
        '<Contents><Key>k</Key><Size>1073741824</Size></Contents></ListBucketResult>',
    );
  });
  const { spaces: short } = spaces({ endpoint: api.url }, pages);
  const { items, end } = await readListing(short.list());
  expect(items.map(({ externalId, attributes }) => [externalId, attributes.size_gb])).toEqual([
    ['big', size],
    ['small', 1],
  ]);
  expect(end.outcome).toBe(outcome);
  if (end.outcome === 'partial')
    expect(end).toMatchObject({ problem: 'not_understood', reason: expect.stringContaining('bucket big') });
  short.close();
  await api.close();
});

test('a key that is not accepted, a server that is not there, and a cancelled listing are told apart', async () => {
  const wrong = spaces({ accessKeyId: 'NOBODY' });
  expect((await readListing(wrong.spaces.list())).end).toMatchObject({ outcome: 'partial', problem: 'unauthorized' });
  const away = spaces({ endpoint: 'http://127.0.0.1:1' });
  expect((await readListing(away.spaces.list())).end).toMatchObject({ outcome: 'partial', problem: 'unreachable' });
  const cancelled = await readListing(spaces().spaces.list(AbortSignal.abort()));
  expect(cancelled.end).toMatchObject({ outcome: 'partial', problem: 'cancelled' });
});

test('a bucket is looked up by its name', async () => {
  const { spaces: nyc3 } = spaces();
  expect(await nyc3.lookup('assets')).toBe('exists');
  expect(await nyc3.lookup('no-such-bucket')).toBe('gone');
  expect(await spaces({ endpoint: 'http://127.0.0.1:1' }).spaces.lookup('assets')).toBe('unknown');
  nyc3.close();
});

test('without keys for Spaces, buckets are not among the kinds; with them they are', async () => {
  const open = { apiUrl: 'http://127.0.0.1:1' };
  const without = createDigitalOcean({ ...open, credentials: { token: 't' } });
  expect(without.kinds).not.toContain('spaces_bucket');
  const credentials = { token: 't', spaces: { ...keys, endpoint, regions: ['nyc3'] } };
  const provider = createDigitalOcean({ ...open, credentials });
  expect(provider.kinds).toContain('spaces_bucket');
  expect((await readListing(provider.list('spaces_bucket'))).items).toHaveLength(2);
  expect(provider.requests).toBe(3);
  await provider.close();
});
