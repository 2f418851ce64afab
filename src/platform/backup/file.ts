import { createHash, type Hash } from 'node:crypto';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createGzip } from 'node:zlib';
import { z } from 'zod';
import { ArcadiaError } from '../errors.ts';

// The file of a backup. It is one gzip stream of text, so that anybody can read it without us:
//
//   arcadia backup 1                          which format it is
//   {"program":"0.1.0","madeAt":...}          the header
//   {"table":"customers","columns":[...]}     then for each table: what follows,
//   1\tc-17\tAcme                             its rows as COPY writes them,
//   \.                                        their end, which no row can be,
//   {"rows":1,"sha256":"..."}                 and what they have to come to
//   {"sequences":[...],"rows":1,...}          the end, with a sha256 over all lines that are no rows

/** Raised when a program that reads the format before would misread it. */
const format = 1;
const firstWord = 'arcadia backup ';
const endOfRows = Buffer.from('\\.\n');
const lineMax = 1 << 26;

const headerSchema = z.object({
  /** The version of the program that made it. */
  program: z.string(),
  madeAt: z.string(),
  /** The server's version. */
  server: z.string(),
  database: z.string(),
  /** Whether its accounts are simulated; null: it has none. */
  simulated: z.boolean().nullable(),
  migrations: z.array(z.object({ name: z.string(), sha256: z.string() })).min(1),
  /** The version of the queue's own tables; null: it has none yet. */
  queueVersion: z.number().nullable(),
  partitions: z.array(
    z.object({ name: z.string(), parent: z.string(), bounds: z.string(), partitionedBy: z.string().nullable() }),
  ),
  /** What is sealed in it, and the id of the key that opens it. */
  sealed: z.array(z.object({ what: z.string(), keyId: z.string() })),
  /** The ClickHouse that holds the usage records, which are not in here; null: they are. */
  usageStore: z.string().nullable(),
  audit: z.object({
    head: z.object({ position: z.number(), hash: z.string() }).nullable(),
    intact: z.boolean(),
  }),
});

const sectionSchema = z.object({ table: z.string(), columns: z.array(z.string()) });
const sectionEndSchema = z.object({ rows: z.number(), sha256: z.string() });
const endSchema = z.object({
  /** `last` null: nothing was drawn yet. */
  sequences: z.array(z.object({ name: z.string(), last: z.string().nullable() })),
  tables: z.number(),
  rows: z.number(),
  sha256: z.string(),
});

export type BackupHeader = z.infer<typeof headerSchema>;
export type BackupSequence = z.infer<typeof endSchema>['sequences'][number];

/** A table whose rows are read until the next one is asked for. */
export interface BackupSection {
  readonly table: string;
  readonly columns: readonly string[];
  readonly rows: AsyncIterable<Buffer>;
  /** After all rows: throws where they are not those that were written. */
  verify(restored: number): Promise<void>;
}

export function unreadable(what: string, todo?: string): ArcadiaError {
  return new ArcadiaError('backup_unreadable', `${what} Nothing was changed.`, todo === undefined ? {} : { todo });
}

/** Writes the lines of a file that are no rows, and keeps count. */
export class BackupWriter {
  readonly #control = createHash('sha256');
  #hash: Hash = createHash('sha256');
  #tables = 0;
  #rows = 0;

  get totals(): { readonly tables: number; readonly rows: number } {
    return { tables: this.#tables, rows: this.#rows };
  }

  begin(header: BackupHeader): Buffer {
    return Buffer.concat([this.#line(`${firstWord}${format}`), this.#json(header)]);
  }

  beginTable(table: string, columns: readonly string[]): Buffer {
    this.#hash = createHash('sha256');
    return this.#json({ table, columns });
  }

  /** Rows on their way through. */
  rows(chunk: Buffer): Buffer {
    this.#hash.update(chunk);
    return chunk;
  }

  endTable(rows: number): Buffer {
    this.#tables += 1;
    this.#rows += rows;
    return Buffer.concat([endOfRows, this.#json({ rows, sha256: this.#hash.digest('hex') })]);
  }

  end(sequences: readonly BackupSequence[]): Buffer {
    const sha256 = this.#control.copy().digest('hex');
    return this.#json({ sequences, ...this.totals, sha256 });
  }

  #json(value: unknown): Buffer {
    return this.#line(JSON.stringify(value));
  }

  #line(text: string): Buffer {
    const line = Buffer.from(`${text}\n`);
    this.#control.update(line);
    return line;
  }
}

/** Compresses on its way through. */
export async function* compress(content: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  const gzip = createGzip({ level: 5, chunkSize: 1 << 17 });
  const filling = pipeline(content, gzip);
  filling.catch(() => {});
  try {
    for await (const chunk of gzip) yield chunk as Uint8Array;
    await filling;
  } finally {
    gzip.destroy();
    await filling.catch(() => {});
  }
}

/** A file as it is read, from its beginning to its end. */
export class BackupReader {
  readonly header: BackupHeader;
  readonly #lines: Lines;
  #sequences: readonly BackupSequence[] = [];

  private constructor(header: BackupHeader, lines: Lines) {
    this.header = header;
    this.#lines = lines;
  }

  /** Reads the header. Errors: backup_unreadable, with what is wrong. */
  static async open(source: AsyncIterable<Uint8Array>): Promise<BackupReader> {
    const lines = new Lines(source);
    const [, found] = /^arcadia backup (\d+)$/.exec(await lines.first(firstWord)) ?? [];
    if (found === undefined) throw notOurs();
    if (Number(found) !== format) {
      throw unreadable(
        `This backup is of format ${found}, and this version of arcadia reads format ${format}.`,
        'Restore it with the version of arcadia that made it, or a later one.',
      );
    }
    return new BackupReader(await lines.json(headerSchema), lines);
  }

  /** The tables, each of which has to be read to its end. Errors: backup_unreadable. */
  async *sections(): AsyncGenerator<BackupSection, void, undefined> {
    const lines = this.#lines;
    let tables = 0;
    let sum = 0;
    for (;;) {
      const control = lines.controlDigest();
      const next = await lines.json(z.union([sectionSchema, endSchema]));
      if ('sequences' in next) {
        if (next.tables !== tables || next.rows !== sum || next.sha256 !== control) throw damaged();
        await lines.end();
        this.#sequences = next.sequences;
        return;
      }
      const hash = createHash('sha256');
      tables += 1;
      yield {
        ...next,
        rows: lines.rows(hash),
        async verify(restored) {
          const { rows, sha256 } = await lines.json(sectionEndSchema);
          if (rows !== restored || sha256 !== hash.digest('hex')) {
            throw unreadable(`The backup is damaged: the rows of ${next.table} are not those that were written.`);
          }
          sum += rows;
        },
      };
    }
  }

  /** Known once all sections have been read. */
  get sequences(): readonly BackupSequence[] {
    return this.#sequences;
  }

  /** Ends the reading, wherever it is. */
  close(): Promise<void> {
    return this.#lines.close();
  }
}

/** What a compressed stream holds, by lines and by rows. */
class Lines {
  readonly #source: AsyncIterator<Buffer>;
  readonly #control = createHash('sha256');
  #rest: Buffer = Buffer.alloc(0);
  #begun = false;

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#source = decompress(source)[Symbol.asyncIterator]();
  }

  controlDigest(): string {
    return this.#control.copy().digest('hex');
  }

  /** The first line, of which no more is read than tells whether it begins as it must. */
  async first(beginning: string): Promise<string> {
    while (this.#rest.length < beginning.length && (await this.#more())) {}
    if (this.#rest.subarray(0, beginning.length).toString() !== beginning) throw notOurs();
    return this.#line();
  }

  async json<Value>(schema: z.ZodType<Value>): Promise<Value> {
    const line = await this.#line();
    try {
      return schema.parse(JSON.parse(line));
    } catch {
      throw damaged();
    }
  }

  /** Rows up to the line that ends them. */
  async *rows(hash: Hash): AsyncGenerator<Buffer, void, undefined> {
    while (this.#rest.length < endOfRows.length) if (!(await this.#more())) throw truncated();
    let end = this.#rest.indexOf(endOfRows) === 0 ? 0 : -1;
    while (end === -1) {
      const found = this.#rest.indexOf('\n\\.\n');
      if (found !== -1) end = found + 1;
      // A part of the end may be here already.
      const give = end === -1 ? this.#rest.length - endOfRows.length : end;
      if (give > 0) {
        const chunk = this.#rest.subarray(0, give);
        this.#rest = this.#rest.subarray(give);
        if (end !== -1) end = 0;
        hash.update(chunk);
        yield chunk;
      }
      if (end === -1 && !(await this.#more())) throw truncated();
    }
    this.#rest = this.#rest.subarray(endOfRows.length);
  }

  /** Nothing must follow, and gzip's own checksum must hold. */
  async end(): Promise<void> {
    if (this.#rest.length > 0 || (await this.#more())) throw damaged();
  }

  async close(): Promise<void> {
    await this.#source.return?.();
  }

  async #line(): Promise<string> {
    let from = 0;
    for (;;) {
      const at = this.#rest.indexOf('\n', from);
      if (at !== -1) {
        this.#control.update(this.#rest.subarray(0, at + 1));
        const line = this.#rest.toString('utf8', 0, at);
        this.#rest = this.#rest.subarray(at + 1);
        return line;
      }
      from = this.#rest.length;
      if (from > lineMax) throw damaged();
      if (!(await this.#more())) throw truncated();
    }
  }

  async #more(): Promise<boolean> {
    try {
      const { value, done } = await this.#source.next();
      if (done === true) return false;
      this.#begun = true;
      this.#rest = this.#rest.length === 0 ? value : Buffer.concat([this.#rest, value]);
      return true;
    } catch (error) {
      throw this.#explain(error as NodeJS.ErrnoException);
    }
  }

  #explain(error: NodeJS.ErrnoException): Error {
    if (!error.code?.startsWith('Z_')) return error;
    if (error.code === 'Z_BUF_ERROR') return truncated();
    return !this.#begun && error.message === 'incorrect header check' ? notOurs() : damaged();
  }
}

async function* decompress(source: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer, void, undefined> {
  const gunzip = createGunzip({ chunkSize: 1 << 17 });
  const filling = pipeline(source, gunzip);
  filling.catch(() => {});
  try {
    for await (const chunk of gunzip) yield chunk as Buffer;
    await filling;
  } finally {
    gunzip.destroy();
    await filling.catch(() => {});
  }
}

function notOurs(): ArcadiaError {
  return unreadable('This is no backup that arcadia made.');
}

function damaged(): ArcadiaError {
  return unreadable('The backup is damaged: what it holds is not what was written.');
}

function truncated(): ArcadiaError {
  return unreadable('The backup is cut short: its end is missing.');
}
