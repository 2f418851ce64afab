import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  type CompletedPart,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  HeadObjectCommand,
  S3Client,
  S3ServiceException,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { ArcadiaError } from '../platform/errors.ts';

// Files of the operator's own in a store that speaks S3: Spaces or any other. Nothing here reads an account.

/** Of an upload and of a download. 10,000 parts are all that S3 takes: 312 GiB. */
const partBytes = 32 << 20;
const partsMax = 10_000;
const attempts = 5;
const attemptMs = 60_000;

type Environment = Readonly<Record<string, string | undefined>>;

/** A Spaces key, as the settings have it. */
export interface SpacesSettings {
  readonly spacesAccessKeyId: string | null;
  readonly spacesSecretAccessKey: string | null;
  readonly spacesRegions: readonly string[];
  readonly spacesEndpoint: string | null;
}

/** One file in a store. */
export interface StoredFile {
  /** Its size; null: it is not there. */
  size(signal?: AbortSignal): Promise<number | null>;
  /** It is there when all of it is; where `content` breaks off, it is not there. */
  write(content: AsyncIterable<Uint8Array>, signal?: AbortSignal): Promise<void>;
  /** Part by part, so that a reader may take as long as it likes. */
  read(signal?: AbortSignal): AsyncGenerator<Uint8Array, void, undefined>;
  close(): void;
}

/**
 * A file at `s3://bucket/key`. With AWS_ACCESS_KEY_ID or AWS_PROFILE set, the variables of AWS say who asks and where
 * (AWS_ENDPOINT_URL_S3, AWS_REGION); else the Spaces key of the settings does. Errors: invalid_argument, invalid_config.
 */
export function openStoredFile(address: string, config: SpacesSettings, env: Environment): StoredFile {
  const [, bucket, key] = /^s3:\/\/([^/]+)\/(.+)$/.exec(address) ?? [];
  if (bucket === undefined || key === undefined)
    throw new ArcadiaError('invalid_argument', `${address} is not of the form s3://bucket/name.`);
  return new S3File(clientOf(config, env), { Bucket: bucket, Key: key }, address);
}

const shared = {
  maxAttempts: attempts,
  requestHandler: { connectionTimeout: attemptMs, requestTimeout: attemptMs, throwOnRequestTimeout: true },
  // Stores other than AWS's own do not know its newer checksums; the file has its own.
  requestChecksumCalculation: 'WHEN_REQUIRED',
  responseChecksumValidation: 'WHEN_REQUIRED',
} as const;

function clientOf(config: SpacesSettings, env: Environment): S3Client {
  if (env.AWS_ACCESS_KEY_ID || env.AWS_PROFILE) {
    const endpoint = env.AWS_ENDPOINT_URL_S3 || env.AWS_ENDPOINT_URL;
    const region = env.AWS_REGION || env.AWS_DEFAULT_REGION || 'us-east-1';
    return new S3Client({ ...shared, region, ...(endpoint ? { endpoint, forcePathStyle: true } : {}) });
  }
  const {
    spacesAccessKeyId: accessKeyId,
    spacesSecretAccessKey: secretAccessKey,
    spacesRegions,
    spacesEndpoint,
  } = config;
  if (accessKeyId === null || secretAccessKey === null) {
    throw new ArcadiaError('invalid_config', 'There is no key for the s3:// address.', {
      todo: 'Set AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_ENDPOINT_URL_S3 (such as https://fra1.digitaloceanspaces.com), or a Spaces key with SPACES_REGIONS.',
    });
  }
  const [region = 'us-east-1', ...others] = spacesRegions;
  if (spacesEndpoint === null && (spacesRegions.length === 0 || others.length > 0)) {
    throw new ArcadiaError('invalid_config', 'SPACES_REGIONS does not say in which one region the bucket is.', {
      todo: 'Set SPACES_REGIONS to the one region of the bucket, or AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_ENDPOINT_URL_S3.',
    });
  }
  const endpoint = spacesEndpoint ?? `https://${region}.digitaloceanspaces.com`;
  return new S3Client({
    ...shared,
    region,
    endpoint,
    credentials: { accessKeyId, secretAccessKey },
    forcePathStyle: true,
  });
}

class S3File implements StoredFile {
  readonly #client: S3Client;
  readonly #place: { readonly Bucket: string; readonly Key: string };
  readonly #address: string;

  constructor(client: S3Client, place: { readonly Bucket: string; readonly Key: string }, address: string) {
    this.#client = client;
    this.#place = place;
    this.#address = address;
  }

  async size(signal?: AbortSignal): Promise<number | null> {
    return (await this.#head(signal))?.size ?? null;
  }

  async write(content: AsyncIterable<Uint8Array>, signal?: AbortSignal): Promise<void> {
    const options = aborting(signal);
    const { UploadId } = await this.#ask(() =>
      this.#client.send(new CreateMultipartUploadCommand(this.#place), options),
    );
    const upload = { ...this.#place, UploadId };
    try {
      const parts: CompletedPart[] = [];
      for await (const body of inParts(content)) {
        const PartNumber = parts.length + 1;
        if (PartNumber > partsMax)
          throw new ArcadiaError(
            'invalid_argument',
            `${this.#address}: a file of more than 312 GiB cannot be stored so.`,
          );
        const part = new UploadPartCommand({ ...upload, PartNumber, Body: body, ContentLength: body.length });
        const { ETag } = await this.#ask(() => this.#client.send(part, options));
        parts.push({ PartNumber, ...(ETag === undefined ? {} : { ETag }) });
      }
      const whole = new CompleteMultipartUploadCommand({ ...upload, MultipartUpload: { Parts: parts } });
      await this.#ask(() => this.#client.send(whole, options));
    } catch (error) {
      // Parts of an upload that is never completed would be stored, and paid for, unseen.
      await this.#client.send(new AbortMultipartUploadCommand(upload)).catch(() => {});
      throw error;
    }
  }

  async *read(signal?: AbortSignal): AsyncGenerator<Uint8Array, void, undefined> {
    const found = await this.#head(signal);
    if (found === null) throw new ArcadiaError('not_found', `There is no ${this.#address}.`);
    for (let from = 0; from < found.size; from += partBytes) {
      const to = Math.min(from + partBytes, found.size) - 1;
      yield await this.#range(from, to, found.tag, signal);
    }
  }

  close(): void {
    this.#client.destroy();
  }

  async #head(signal: AbortSignal | undefined): Promise<{ size: number; tag: string | undefined } | null> {
    try {
      const { ContentLength = 0, ETag } = await this.#client.send(new HeadObjectCommand(this.#place), aborting(signal));
      return { size: ContentLength, tag: ETag };
    } catch (error) {
      if (error instanceof S3ServiceException && error.$metadata.httpStatusCode === 404) return null;
      throw this.#explain(error);
    }
  }

  /** The library tries a request again, and not the reading of its answer. */
  async #range(
    from: number,
    to: number,
    tag: string | undefined,
    signal: AbortSignal | undefined,
  ): Promise<Uint8Array> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        const part = { ...this.#place, Range: `bytes=${from}-${to}`, ...(tag === undefined ? {} : { IfMatch: tag }) };
        const { Body } = await this.#client.send(new GetObjectCommand(part), aborting(signal));
        const bytes = await Body?.transformToByteArray();
        if (bytes?.length === to - from + 1) return bytes;
        throw new Error(`${bytes?.length ?? 0} bytes came in place of ${to - from + 1}`);
      } catch (error) {
        if (attempt === attempts || signal?.aborted || error instanceof S3ServiceException) throw this.#explain(error);
      }
    }
  }

  async #ask<Answer>(send: () => Promise<Answer>): Promise<Answer> {
    try {
      return await send();
    } catch (error) {
      throw this.#explain(error);
    }
  }

  #explain(error: unknown): ArcadiaError {
    const { name, message } = error as Error;
    const status = error instanceof S3ServiceException ? error.$metadata.httpStatusCode : undefined;
    // An answer to HEAD has no body that would say more.
    const said = status === undefined ? message : `${status} ${name}`;
    const code =
      status === 403 || status === 401
        ? 'provider_forbidden'
        : status === undefined
          ? 'provider_unreachable'
          : 'provider_failed';
    return new ArcadiaError(code, `${this.#address}: ${said}.`, {
      cause: error,
      todo:
        code === 'provider_forbidden'
          ? 'Give the key the right to read and write objects in the bucket.'
          : 'Check the address, the bucket and the network, then run it again.',
    });
  }
}

function aborting(signal: AbortSignal | undefined): { abortSignal?: AbortSignal } {
  return signal === undefined ? {} : { abortSignal: signal };
}

/** Parts of one size, but for the last; one empty part of nothing. */
async function* inParts(content: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  let part = Buffer.allocUnsafe(partBytes);
  let used = 0;
  let given = false;
  for await (const chunk of content) {
    for (let at = 0; at < chunk.length; ) {
      const taken = Math.min(chunk.length - at, partBytes - used);
      part.set(chunk.subarray(at, at + taken), used);
      at += taken;
      used += taken;
      if (used < partBytes) continue;
      yield part;
      given = true;
      part = Buffer.allocUnsafe(partBytes);
      used = 0;
    }
  }
  if (used > 0 || !given) yield part.subarray(0, used);
}
