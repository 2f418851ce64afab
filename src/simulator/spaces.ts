import { type Answer, type Asked, truncated } from './answer.ts';
import type { SimulatedClock } from './clock.ts';
import type { Bucket } from './entities.ts';
import type { FaultBoard } from './faults.ts';
import { rfc3339 } from './time.ts';

/** Where Spaces answers on the simulator's own server. */
export const SPACES_PATH = '/_spaces';

const KEYS_MAX = 1_000;

/**
 * Spaces as S3 has it: list buckets, is there a bucket, list objects. One address serves every
 * region: as with real Spaces, buckets are seen from their own region only, and the region is
 * the one that the request was signed for. Any key is good.
 */
export class Spaces {
  readonly #clock: SimulatedClock;
  readonly #faults: FaultBoard;

  constructor(clock: SimulatedClock, faults: FaultBoard) {
    this.#clock = clock;
    this.#faults = faults;
  }

  answer(asked: Asked): Answer {
    const faults = this.#faults;
    const { path } = asked;
    const region = /Credential=[^/]+\/\d{8}\/([^/]+)\/s3\/aws4_request/.exec(asked.authorization ?? '')?.[1];
    if (region === undefined || faults.take('bad_token', path)) return failure(403, 'InvalidAccessKeyId');
    if (faults.take('time_skewed', path)) return failure(403, 'RequestTimeTooSkewed');
    const refused = faults.take('refuse', path);
    if (refused) return failure(refused.status, refused.status === 404 ? 'NoSuchBucket' : 'AccessDenied');
    const burst = faults.take('burst_limit', path);
    if (burst) return { ...failure(503, 'SlowDown'), headers: { ...xmlType, 'retry-after': burst.retryAfterSeconds } };
    const page = Number(asked.query.get('continuation-token') ?? 0) / KEYS_MAX + 1;
    const broken = faults.take('server_error', path, page);
    if (broken) return failure(broken.status, broken.status === 503 ? 'ServiceUnavailable' : 'InternalError');
    if (faults.take('drop', path, page)) return { ...failure(500, 'InternalError'), drop: 'before' };
    if (asked.method !== 'GET' && asked.method !== 'HEAD') return failure(403, 'AccessDenied');
    const answer = this.#show(asked, region);
    return faults.take('truncate', path, page) ? truncated(answer) : answer;
  }

  #show({ path, query, method }: Asked, region: string): Answer {
    const { buckets } = this.#clock.timeline.world;
    const name = decodeURIComponent(path.slice(SPACES_PATH.length + 1).replace(/\/$/, ''));
    if (name === '') {
      const hidden = this.#faults.take('empty', path) !== undefined;
      const listed = buckets.list().filter((bucket) => bucket.region === region && !hidden);
      return ok(listBuckets(listed));
    }
    const bucket = buckets.get(name);
    if (bucket === undefined || bucket.region !== region) return failure(404, 'NoSuchBucket');
    const hidesNext = this.#faults.take('no_next_page', path) !== undefined;
    if (query.has('acl')) return accessControl(bucket);
    if (query.has('versioning')) return versioning(bucket);
    if (query.has('policy')) return policy(bucket);
    return method === 'HEAD' ? ok('') : listObjects(bucket, query, hidesNext);
  }
}

const xmlType = { 'content-type': 'application/xml' };
const xmlns = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"';

function ok(body: string): Answer {
  return { status: 200, headers: xmlType, body: body === '' ? '' : `<?xml version="1.0" encoding="UTF-8"?>\n${body}` };
}

function failure(status: number, code: string): Answer {
  return {
    status,
    headers: xmlType,
    body: `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>${code}</Message></Error>`,
  };
}

function listBuckets(buckets: readonly Bucket[]): string {
  const rows = buckets.map(
    ({ name, createdAt }) => `<Bucket><Name>${name}</Name><CreationDate>${rfc3339(createdAt)}</CreationDate></Bucket>`,
  );
  return `<ListAllMyBucketsResult ${xmlns}><Owner><ID>0</ID></Owner><Buckets>${rows.join('')}</Buckets></ListAllMyBucketsResult>`;
}

const OWNER = '0';

function accessControl(bucket: Bucket): Answer {
  const grant = (grantee: string, permission: string) =>
    `<Grant><Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" ${grantee}</Grantee><Permission>${permission}</Permission></Grant>`;
  const owner = grant(`xsi:type="CanonicalUser"><ID>${OWNER}</ID>`, 'FULL_CONTROL');
  const everyone = grant('xsi:type="Group"><URI>http://acs.amazonaws.com/groups/global/AllUsers</URI>', 'READ');
  const grants = bucket.acl === 'private' ? owner : owner + everyone;
  return ok(
    `<AccessControlPolicy ${xmlns}><Owner><ID>${OWNER}</ID></Owner><AccessControlList>${grants}</AccessControlList></AccessControlPolicy>`,
  );
}

/** A bucket whose versions were never kept has no status. */
function versioning(bucket: Bucket): Answer {
  const status = { enabled: '<Status>Enabled</Status>', suspended: '<Status>Suspended</Status>' };
  const held = bucket.versioning === null ? '' : status[bucket.versioning];
  return ok(`<VersioningConfiguration ${xmlns}>${held}</VersioningConfiguration>`);
}

function policy(bucket: Bucket): Answer {
  if (bucket.policy === null) return failure(404, 'NoSuchBucketPolicy');
  return { status: 200, headers: { 'content-type': 'application/json' }, body: bucket.policy };
}

/**
 * A bucket's objects are all of one size but for the last, so that they add up to its bytes, and
 * it grows by objects that come and a last one that changes, as media do.
 */
function listObjects(bucket: Bucket, query: URLSearchParams, hidesNext: boolean): Answer {
  const from = Number(query.get('continuation-token') ?? 0);
  const max = Number(query.get('max-keys') ?? KEYS_MAX);
  if (!Number.isSafeInteger(from) || from < 0 || !Number.isSafeInteger(max) || max < 0)
    return failure(400, 'InvalidArgument');
  const count = Math.ceil(bucket.bytes / bucket.objectBytes);
  const to = Math.min(count, from + Math.min(max, KEYS_MAX));
  const rows: string[] = [];
  for (let i = from; i < to; i++) {
    const last = i === count - 1;
    const size = last ? bucket.bytes - i * bucket.objectBytes : bucket.objectBytes;
    const changed = rfc3339(last ? bucket.changedAt : bucket.createdAt);
    const key = `media/${String(i).padStart(9, '0')}.bin`;
    rows.push(
      `<Contents><Key>${key}</Key><LastModified>${changed}</LastModified><ETag>"${i.toString(16).padStart(32, '0')}"</ETag><Size>${size}</Size><StorageClass>STANDARD</StorageClass></Contents>`,
    );
  }
  const more = max > 0 && to < count;
  return ok(
    `<ListBucketResult ${xmlns}><Name>${bucket.name}</Name><Prefix></Prefix><KeyCount>${rows.length}</KeyCount><MaxKeys>${max}</MaxKeys>` +
      `<IsTruncated>${more || hidesNext}</IsTruncated>${more && !hidesNext ? `<NextContinuationToken>${to}</NextContinuationToken>` : ''}${rows.join('')}</ListBucketResult>`,
  );
}
