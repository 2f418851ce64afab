import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { openStoredFile } from '../cloud/index.ts';
import { inventorySettings } from '../inventory/index.ts';
import type { Config } from '../platform/config.ts';
import { ArcadiaError } from '../platform/errors.ts';
import { anchorFailed } from './errors.ts';

// Where anchors of the audit log are kept: lines that are only ever added, outside of the database.

interface AnchorPlace {
  /** For a person; without what may be a password. */
  readonly name: string;
  /** Errors: anchor_failed. */
  append(line: string, signal: AbortSignal): Promise<void>;
  /** All lines; null: nothing has been written there yet. Errors: anchor_failed. */
  read(signal: AbortSignal): Promise<string | null>;
}

/** A line a day is a few hundred bytes: a hundred years fit. */
const bytesMax = 16 << 20;
const requestMs = 15_000;
const contentType = 'application/x-ndjson';

/** The place that the setting auditAnchor names, for a database. */
export function openAnchorPlace(place: string, database: string, config: Config): AnchorPlace {
  const file = `audit-anchors-${encodeURIComponent(database)}.jsonl`;
  if (place.startsWith('s3://')) return storedPlace(`${place.replace(/\/+$/, '')}/${file}`, config);
  if (/^https?:\/\//.test(place)) return httpPlace(place);
  return folderPlace(join(resolve(place), file));
}

function folderPlace(path: string): AnchorPlace {
  const fail = (what: string, cause: unknown) =>
    anchorFailed(`${path} cannot be ${what}: ${(cause as Error).message}.`, { cause });
  return {
    name: path,
    async append(line) {
      try {
        const file = await open(path, constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT, 0o644);
        try {
          await file.appendFile(line);
          await file.sync();
        } finally {
          await file.close();
        }
      } catch (cause) {
        throw fail('written', cause);
      }
    },
    async read() {
      try {
        const file = await open(path, 'r');
        try {
          const { size } = await file.stat();
          if (size > bytesMax) throw tooLong(path);
          return await file.readFile('utf8');
        } finally {
          await file.close();
        }
      } catch (cause) {
        if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return null;
        throw cause instanceof ArcadiaError ? cause : fail('read', cause);
      }
    },
  };
}

/** What takes a line by POST, and answers all of them to GET. A user and password of the address are sent as such. */
function httpPlace(address: string): AnchorPlace {
  const url = new URL(address);
  const { username, password } = url;
  url.username = '';
  url.password = '';
  const name = `${url.origin}${url.pathname}`;
  const credentials = Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`).toString('base64');
  const authorization: Record<string, string> = username === '' ? {} : { authorization: `Basic ${credentials}` };
  async function ask(init: RequestInit, signal: AbortSignal): Promise<Response> {
    const headers = { ...authorization, ...(init.headers as Record<string, string>) };
    const limited = AbortSignal.any([signal, AbortSignal.timeout(requestMs)]);
    try {
      // A place that sends elsewhere would send the signed line there as well.
      return await fetch(url, { ...init, headers, redirect: 'error', signal: limited });
    } catch (cause) {
      const { message, cause: why } = cause as Error;
      throw anchorFailed(`${name} does not answer: ${why instanceof Error ? why.message : message}.`, { cause });
    }
  }
  const refused = async (response: Response) => {
    await response.body?.cancel();
    return anchorFailed(`${name} answers ${response.status}.`);
  };
  return {
    name,
    async append(line, signal) {
      const response = await ask({ method: 'POST', body: line, headers: { 'content-type': contentType } }, signal);
      if (!response.ok) throw await refused(response);
      await response.body?.cancel();
    },
    async read(signal) {
      const response = await ask({ headers: { accept: contentType } }, signal);
      if (response.ok) return textOf(name, response.body ?? [], signal);
      const failure = await refused(response);
      if (response.status === 404) return null;
      throw failure;
    },
  };
}

/** One file, written anew with a line more: with versions kept and objects locked, none of its lines is lost. */
function storedPlace(address: string, config: Config): AnchorPlace {
  async function withFile<Result>(
    work: (file: Awaited<ReturnType<typeof openStoredFile>>) => Promise<Result>,
  ): Promise<Result> {
    const file = await openStoredFile(address, inventorySettings.of(config), process.env);
    try {
      return await work(file);
    } catch (cause) {
      throw cause instanceof ArcadiaError && cause.code === 'anchor_failed'
        ? cause
        : anchorFailed((cause as Error).message, { cause });
    } finally {
      file.close();
    }
  }
  const read = (signal: AbortSignal) =>
    withFile(async (file) => {
      const size = await file.size(signal);
      if (size === null) return null;
      return textOf(address, file.read(signal), signal);
    });
  return {
    name: address,
    async append(line, signal) {
      const before = (await read(signal)) ?? '';
      await withFile((file) => file.write(once(Buffer.from(before + line)), signal));
    },
    read,
  };
}

async function* once(content: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
  yield content;
}

async function textOf(
  name: string,
  parts: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  signal: AbortSignal,
): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  try {
    for await (const chunk of parts) {
      signal.throwIfAborted();
      bytes += chunk.length;
      if (bytes > bytesMax) throw tooLong(name);
      chunks.push(chunk);
    }
  } catch (cause) {
    throw cause instanceof ArcadiaError
      ? cause
      : anchorFailed(`${name} broke off: ${(cause as Error).message}.`, { cause });
  }
  return Buffer.concat(chunks).toString('utf8');
}

function tooLong(name: string): ArcadiaError {
  return anchorFailed(`${name} has more than ${bytesMax >> 20} MiB.`, {
    todo: 'Move old lines to another file; each can be given to a verification by itself.',
  });
}
