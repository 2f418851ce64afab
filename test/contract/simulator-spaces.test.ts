import { HeadBucketCommand, ListBucketsCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { open, type Opened } from './simulator-client.ts';

let opened: Opened;
const clients: S3Client[] = [];

/** The provider's S3 with the SDK that the client uses, as of one region. */
function spaces(region: string): S3Client {
  const client = new S3Client({
    region,
    endpoint: opened.simulator.s3Endpoint,
    forcePathStyle: true,
    credentials: { accessKeyId: 'DO00EXAMPLE', secretAccessKey: 'any' },
    maxAttempts: 1,
  });
  clients.push(client);
  return client;
}

beforeAll(async () => {
  opened = await open({ fleet: 'pilot', seed: 1 });
  await opened.control('fleet', {
    events: [
      { type: 'create_bucket', name: 'media', region: 'fra1', objectBytes: 1_000 },
      { type: 'set_bucket_size', bucket: 'media', bytes: 2_300_500 },
      { type: 'create_bucket', name: 'empty', region: 'fra1' },
      { type: 'create_bucket', name: 'elsewhere', region: 'ams3' },
    ],
  });
});
afterAll(async () => {
  for (const client of clients) client.destroy();
  await opened.close();
});

test('a region lists its own buckets', async () => {
  const names = async (region: string) =>
    (await spaces(region).send(new ListBucketsCommand({}))).Buckets?.map((bucket) => bucket.Name) ?? [];
  expect([await names('fra1'), await names('ams3'), await names('nyc3')]).toEqual([
    ['media', 'empty'],
    ['elsewhere'],
    [],
  ]);
});

test('a bucket is there, in its own region', async () => {
  await spaces('fra1').send(new HeadBucketCommand({ Bucket: 'media' }));
  await expect(spaces('ams3').send(new HeadBucketCommand({ Bucket: 'media' }))).rejects.toMatchObject({
    $metadata: { httpStatusCode: 404 },
  });
});

test("objects add up to the bucket's size, over as many pages as it takes, now and after it has grown", async () => {
  const sum = async () => {
    let [bytes, objects, pages] = [0, 0, 0];
    for (let token: string | undefined; ; ) {
      const page = await spaces('fra1').send(
        new ListObjectsV2Command({ Bucket: 'media', ...(token !== undefined && { ContinuationToken: token }) }),
      );
      for (const object of page.Contents ?? []) bytes += object.Size ?? 0;
      objects += page.KeyCount ?? 0;
      pages++;
      token = page.NextContinuationToken;
      if (token === undefined) return { bytes, objects, pages };
    }
  };
  expect(await sum()).toEqual({ bytes: 2_300_500, objects: 2_301, pages: 3 });
  await opened.control('fleet', { events: [{ type: 'set_bucket_size', bucket: 'media', bytes: 2_301_000 }] });
  expect(await sum()).toEqual({ bytes: 2_301_000, objects: 2_301, pages: 3 });
  const { Contents } = await spaces('fra1').send(new ListObjectsV2Command({ Bucket: 'empty' }));
  expect(Contents ?? []).toEqual([]);
});

test('faults come here too, and writes are refused and counted', async () => {
  await opened.control('faults', { fault: 'server_error', path: '/_spaces', status: 503, count: 1 });
  await expect(spaces('fra1').send(new ListBucketsCommand({}))).rejects.toMatchObject({ name: 'ServiceUnavailable' });
  await opened.control('faults', { fault: 'bad_token', path: '/_spaces', count: 1 });
  await expect(spaces('fra1').send(new ListBucketsCommand({}))).rejects.toMatchObject({ name: 'InvalidAccessKeyId' });
  await opened.send('/_simulator/requests', { method: 'DELETE' });
  expect((await opened.send('/_spaces/media', { method: 'DELETE' })).status).toBe(403);
  expect((await opened.send('/_simulator/requests')).body.writes).toBe(1);
});
