import {
  type Bucket,
  GetBucketAclCommand,
  GetBucketPolicyCommand,
  GetBucketVersioningCommand,
  HeadBucketCommand,
  ListBucketsCommand,
  ListObjectsV2Command,
  S3Client,
  S3ServiceException,
} from '@aws-sdk/client-s3';
import { Decimal, roundedRatio } from '../../platform/quantity.ts';
import type {
  Absence,
  Attributes,
  Credentials,
  ListedResource,
  ListedSettings,
  ListingEvent,
  ListingProblem,
  LookupResult,
  ProviderOptions,
} from '../provider.ts';
import { resource } from './kinds/fields.ts';
import { machine } from './machine.ts';
import { joinReasons } from './notes.ts';
import { describeNetworkError } from './request.ts';
import { ClockBehind, type SimulatedFloor } from './simulated-floor.ts';
import { SettingsDraft } from './settings/canonical.ts';
import { aclSettings, policySetting } from './settings/details.ts';
import { startRequestSpan } from './spans.ts';

/**
 * Spaces buckets, through the S3 API of each region with keys of their own: the provider's own
 * API does not know them. A bucket's size is the sum of its objects, listed page by page; older
 * versions of objects and uploads under way are not in it.
 */

export interface SpacesLimits {
  /** Of 1,000 objects each. A bucket beyond that is not measured, and the listing says so. */
  readonly objectPagesPerBucket: number;
  readonly bucketPages: number;
}

export const spacesLimits: SpacesLimits = { objectPagesPerBucket: 20_000, bucketPages: 100 };

/** Where there are Spaces: https://docs.digitalocean.com/products/spaces/details/availability, March 2026. */
export const spacesRegions: readonly string[] = [
  'ams3',
  'atl1',
  'blr1',
  'fra1',
  'lon1',
  'nyc3',
  'sfo2',
  'sfo3',
  'sgp1',
  'syd1',
  'tor1',
];

const attemptMs = 30_000;
const attempts = 5;
const billion = 1_000_000_000n;
const gibibyte = 2n ** 30n;

/** Bytes as GiB, rounded to 9 digits. */
export function gibibytes(bytes: bigint): number {
  return new Decimal(roundedRatio(bytes * billion, 1n, gibibyte).toString()).div(billion.toString()).toNumber();
}

interface RegionClient {
  readonly region: string;
  readonly address: string;
  readonly client: S3Client;
}

export class Spaces {
  readonly #clients: readonly RegionClient[];
  /** Where each bucket was listed last: asked there first, it costs no other region a request. */
  readonly #listedIn = new Map<string, RegionClient>();
  readonly #limits: SpacesLimits;
  readonly #onRequest: NonNullable<ProviderOptions['onRequest']>;
  #sent = 0;

  constructor(
    { accessKeyId, secretAccessKey, regions, endpoint }: NonNullable<Credentials['spaces']>,
    onRequest: NonNullable<ProviderOptions['onRequest']>,
    simulatedFloor: SimulatedFloor,
    limits: SpacesLimits = spacesLimits,
  ) {
    this.#onRequest = onRequest;
    this.#limits = limits;
    this.#clients = (regions.length === 0 ? spacesRegions : regions).map((region) => {
      const address = endpoint ?? `https://${region}.digitaloceanspaces.com`;
      const client = new S3Client({
        region,
        endpoint: address,
        credentials: { accessKeyId, secretAccessKey },
        // A bucket's name may hold dots, which no certificate for virtual hosts covers.
        forcePathStyle: true,
        maxAttempts: attempts,
        requestHandler: { connectionTimeout: attemptMs, requestTimeout: attemptMs, throwOnRequestTimeout: true },
      });
      client.middlewareStack.add(
        (next) => async (args) => {
          const answer = await next(args);
          const { headers } = answer.response as { headers?: Readonly<Record<string, string>> };
          simulatedFloor.check(headers?.['x-simulated-clock'] ?? null);
          return answer;
        },
        { step: 'deserialize', priority: 'low' },
      );
      return { region, address, client };
    });
  }

  /** Requests sent so far. */
  get sent(): number {
    return this.#sent;
  }

  async *list(signal?: AbortSignal): AsyncGenerator<ListingEvent<ListedResource>, void, undefined> {
    const counter = { requests: 0 };
    const seen = new Set<string>();
    const problems: { readonly problem: ListingProblem; readonly reason: string }[] = [];
    let unread: Attributes[] = [];
    for (const each of this.#clients) {
      const { region } = each;
      const caller = this.#caller(each, counter, signal);
      try {
        for await (const buckets of this.#bucketPages(caller)) {
          const items: ListedResource[] = [];
          for (const bucket of buckets) {
            const { Name: name } = bucket;
            // One endpoint may serve several regions and show the same buckets in each.
            if (name === undefined || seen.has(name)) continue;
            seen.add(name);
            this.#listedIn.set(name, each);
            try {
              items.push(describeBucket(name, bucket, region, await this.#measure(caller, name)));
            } catch (error) {
              // Deleted since it was listed.
              if (error instanceof S3ServiceException && error.name === 'NoSuchBucket') continue;
              problems.push(ofBucket(describe(error, `bucket ${name}`, signal)));
              if (signal?.aborted) break;
              // It is there all the same.
              items.push(describeBucket(name, bucket, region, null));
            }
          }
          yield { type: 'page', items };
          if (signal?.aborted) break;
        }
      } catch (error) {
        problems.push(describe(error, `buckets in ${region}`, signal));
        unread.push({ region });
      }
      if (signal?.aborted) break;
    }
    if (signal?.aborted) unread = [{}];
    const { requests } = counter;
    const absence: Absence = { unread, certainty: 'evident' };
    const [first] = problems;
    const end =
      first === undefined
        ? ({ outcome: 'complete', reason: null } as const)
        : ({
            outcome: 'partial',
            problem: first.problem,
            reason: joinReasons(problems.map((each) => each.reason)),
          } as const);
    yield { type: 'end', end: { ...end, absence, requests } };
  }

  /** Who may do what with buckets, whether they keep versions, and their policies: what the keys may not read is not told. */
  async *listSettings(
    names: readonly string[],
    signal?: AbortSignal,
  ): AsyncGenerator<ListingEvent<ListedSettings>, void, undefined> {
    const counter = { requests: 0 };
    const problems: ReturnType<typeof describe>[] = [];
    for (const name of names) {
      const first = this.#listedIn.get(name);
      const others = this.#clients.filter((each) => each !== first);
      for (const each of first === undefined ? others : [first, ...others]) {
        try {
          const settings = await this.#readSettings(this.#caller(each, counter, signal), name);
          yield { type: 'page', items: [{ externalId: name, settings }] };
          break;
        } catch (error) {
          // It is in another region, or gone.
          if (error instanceof S3ServiceException && error.$metadata.httpStatusCode === 404) continue;
          problems.push(describe(error, `settings of bucket ${name}`, signal));
          break;
        }
      }
      if (signal?.aborted) break;
    }
    const absence: Absence = { unread: [{}], certainty: 'unclear' };
    const { requests } = counter;
    const [first] = problems;
    const reason = joinReasons(problems.map((problem) => problem.reason));
    const end =
      first === undefined
        ? ({ outcome: 'complete', reason: null } as const)
        : ({ outcome: 'partial', problem: first.problem, reason } as const);
    yield { type: 'end', end: { ...end, absence, requests } };
  }

  async #readSettings(caller: Caller, name: string): Promise<SettingsDraft> {
    const draft = new SettingsDraft();
    const bucket = { Bucket: name };
    const versioning = await told(() =>
      caller(`/${name}?versioning`, (options, client) => client.send(new GetBucketVersioningCommand(bucket), options)),
    );
    draft.set('versioning', versioning && (versioning.Status?.toLowerCase() ?? 'off'));
    const acl = await told(() =>
      caller(`/${name}?acl`, (options, client) => client.send(new GetBucketAclCommand(bucket), options)),
    );
    draft.set('acl', acl && aclSettings(acl.Owner?.ID, acl.Grants ?? []));
    const policy = await told(() =>
      caller(`/${name}?policy`, (options, client) => client.send(new GetBucketPolicyCommand(bucket), options)).catch(
        (error: unknown) => {
          if (error instanceof S3ServiceException && error.name === 'NoSuchBucketPolicy') return { Policy: undefined };
          throw error;
        },
      ),
    );
    draft.set('policy', policy && policySetting(policy.Policy));
    return draft;
  }

  async lookup(name: string, signal?: AbortSignal): Promise<LookupResult> {
    let result: LookupResult = 'gone';
    for (const each of this.#clients) {
      try {
        const caller = this.#caller(each, { requests: 0 }, signal);
        await caller(`/${name}`, (options) => each.client.send(new HeadBucketCommand({ Bucket: name }), options));
        return 'exists';
      } catch (error) {
        const missing = error instanceof S3ServiceException && error.$metadata.httpStatusCode === 404;
        if (!missing) result = 'unknown';
      }
    }
    return result;
  }

  close(): void {
    for (const { client } of this.#clients) client.destroy();
  }

  async *#bucketPages(caller: Caller): AsyncGenerator<readonly Bucket[], void, undefined> {
    let token: string | undefined;
    for (let page = 1; page <= this.#limits.bucketPages; page += 1) {
      const answer = await caller('/', (options, client) =>
        client.send(new ListBucketsCommand(token === undefined ? {} : { ContinuationToken: token }), options),
      );
      yield answer.Buckets ?? [];
      token = answer.ContinuationToken;
      if (token === undefined || token === '') return;
    }
    throw new TooLong(`more than ${this.#limits.bucketPages} pages of buckets`);
  }

  async #measure(caller: Caller, bucket: string): Promise<Size> {
    let bytes = 0n;
    let objects = 0;
    let token: string | undefined;
    for (let page = 1; page <= this.#limits.objectPagesPerBucket; page += 1) {
      const answer = await caller(`/${bucket}`, (options, client) =>
        client.send(
          new ListObjectsV2Command({ Bucket: bucket, ...(token !== undefined && { ContinuationToken: token }) }),
          options,
        ),
      );
      for (const object of answer.Contents ?? []) {
        bytes += BigInt(object.Size ?? 0);
        objects += 1;
      }
      if (!answer.IsTruncated) return { bytes, objects };
      token = answer.NextContinuationToken;
      if (token === undefined) throw new TooLong('the list of objects breaks off without a token for its next page');
    }
    throw new TooLong(`more than ${this.#limits.objectPagesPerBucket} pages of objects`);
  }

  #caller(
    { address, client }: { readonly address: string; readonly client: S3Client },
    counter: { requests: number },
    signal: AbortSignal | undefined,
  ): Caller {
    return async (path, send) => {
      const startedMs = machine.monotonicMs();
      // Its attempts are the library's own: one span for them together.
      const endSpan = startRequestSpan(address, path, 1);
      let status: number | null = null;
      let attempt = 1;
      try {
        const answer = await send(signal === undefined ? {} : { abortSignal: signal }, client);
        status = answer.$metadata.httpStatusCode ?? null;
        attempt = answer.$metadata.attempts ?? 1;
        return answer;
      } catch (error) {
        const metadata = error instanceof S3ServiceException ? error.$metadata : undefined;
        status = metadata?.httpStatusCode ?? null;
        attempt = metadata?.attempts ?? 1;
        throw error;
      } finally {
        endSpan(status);
        this.#sent += attempt;
        counter.requests += attempt;
        this.#onRequest({ method: 'GET', path, status, ms: machine.monotonicMs() - startedMs, attempt });
      }
    };
  }
}

interface Size {
  readonly bytes: bigint;
  readonly objects: number;
}

interface Told {
  readonly $metadata: { readonly httpStatusCode?: number | undefined; readonly attempts?: number | undefined };
}

type Caller = <T extends Told>(
  path: string,
  send: (options: { abortSignal?: AbortSignal }, client: S3Client) => Promise<T>,
) => Promise<T>;

class TooLong extends Error {}

/** What is answered; undefined: the keys may not read it, or it is not offered. */
async function told<T>(ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask();
  } catch (error) {
    const status = error instanceof S3ServiceException ? error.$metadata.httpStatusCode : undefined;
    if (status === 403 || status === 405 || status === 501) return undefined;
    throw error;
  }
}

/** A bucket that its key may not read yet is there all the same: only its size is not told. */
function ofBucket({ problem, reason }: ReturnType<typeof describe>): ReturnType<typeof describe> {
  return { problem: problem === 'forbidden' ? 'not_understood' : problem, reason };
}

/** @param size null: it could not be measured */
function describeBucket(name: string, bucket: Bucket, region: string, size: Size | null): ListedResource {
  // The library gives a Date; it goes no further than here.
  const createdMs = bucket.CreationDate?.getTime();
  const createdAt = createdMs === undefined ? null : Temporal.Instant.fromEpochMilliseconds(createdMs);
  return resource({
    kind: 'spaces_bucket',
    externalId: name,
    name,
    createdAt,
    region,
    attributes: { size_gb: size === null ? undefined : gibibytes(size.bytes), objects: size?.objects },
    payload: { Name: name, CreationDate: createdAt?.toString() ?? null, Region: region },
  });
}

function describe(
  error: unknown,
  what: string,
  signal: AbortSignal | undefined,
): { readonly problem: ListingProblem; readonly reason: string } {
  if (signal?.aborted) return { problem: 'cancelled', reason: `${what}: cancelled` };
  if (error instanceof ClockBehind) return { problem: 'clock_behind', reason: `${what}: ${error.message}` };
  if (error instanceof TooLong) return { problem: 'not_understood', reason: `${what}: ${error.message}` };
  if (!(error instanceof S3ServiceException) || error.$metadata.httpStatusCode === undefined) {
    return { problem: 'unreachable', reason: `${what}: ${describeNetworkError(error)}` };
  }
  const status = error.$metadata.httpStatusCode;
  const reason = `${what}: ${status} ${error.name}`;
  if (error.name === 'RequestTimeTooSkewed')
    return { problem: 'provider_error', reason: `${reason}: this machine's clock is off` };
  if (error.name === 'InvalidAccessKeyId' || error.name === 'SignatureDoesNotMatch')
    return { problem: 'unauthorized', reason };
  if (status === 401) return { problem: 'unauthorized', reason };
  if (status === 403) return { problem: 'forbidden', reason: `the Spaces key may not read ${reason}` };
  if (status === 429 || error.name === 'SlowDown') return { problem: 'rate_limited', reason };
  return { problem: 'provider_error', reason };
}
