import type { Logger } from 'pino';
import type { z } from 'zod';
import type { Clock } from '../clock.ts';
import type { Config } from '../config.ts';
import type { Database, UnitOfWork } from '../database/database.ts';
import type { ErrorKind } from '../errors.ts';
import type { JobArguments, JobDeclaration, JobReference } from './job.ts';
import type { Program } from './program.ts';

// An operation is declared once, in the module that owns it. The API, its document and the command come
// from the declaration, so that they cannot differ. Nothing here knows the HTTP or command library.

export const roleNames = ['owner', 'finance', 'operator', 'viewer', 'customer'] as const;
export type Role = (typeof roleNames)[number];

/** Who may read what is not about money that only we see: all of us. */
export const staff: readonly Role[] = ['owner', 'finance', 'operator', 'viewer'];
/** What we are charged is for those who answer for our money. */
export const moneyRoles: readonly Role[] = ['owner', 'finance'];

/** Who is asking, as their verified token says. */
export interface Principal {
  /** The token's `sub`. */
  readonly subject: string;
  readonly role: Role;
  /** Our id of the customer whose token it is; null for everybody else. */
  readonly customerId: number | null;
  /** When the token ends, in real time. */
  readonly expiresAt?: Temporal.Instant;
}

interface BrowserSession {
  /** With the token that the request itself came with. Errors: invalid_argument, without one or of one too long. */
  start(): void;
  end(): void;
}

export interface OperationCall<Params = unknown, Query = unknown, Body = unknown> {
  readonly params: Params;
  readonly query: Query;
  readonly body: Body;
  readonly principal: Principal;
  /**
   * The database as this principal may use it. Of a route that changes something it is one
   * transaction: what a domain function opens on it is a part of that, and all of it is
   * undone when the route throws.
   */
  readonly db: Database;
  /** The database's clock, read when the request came. */
  readonly now: Temporal.Instant;
  readonly clock: Clock;
  readonly config: Config;
  readonly log: Logger;
  /** What the modules declare: all of it. */
  readonly program: Program;
  /** Aborts when the client has gone, its time is up, or the server stops. */
  readonly signal: AbortSignal;
  readonly requestId: string;
  /**
   * Server-sent events, as this principal may hear them, from the header Last-Event-ID on; without
   * one after `after`; null: from now on. Errors: overloaded, rate_limited.
   */
  openEvents(after: number | null): AsyncIterable<string>;
  /** The browser's session that this request begins or ends: by a cookie on its answer. */
  readonly session: BrowserSession;
  /** Enqueues in this transaction. Returns the job's id; null where the same one waits or runs already. */
  enqueue<Arguments extends JobArguments>(
    trx: UnitOfWork,
    job: JobDeclaration<Arguments> | JobReference,
    args: Arguments,
  ): Promise<string | null>;
  /**
   * Has a job of `followedBy` bring up to date what follows from this change. A server enqueues it in this transaction; a
   * command on the database runs it itself once the change is committed, because no worker need be there.
   */
  follow<Arguments extends JobArguments>(
    trx: UnitOfWork,
    job: JobDeclaration<Arguments>,
    args: Arguments,
  ): Promise<void>;
}

type NoFields = z.ZodObject<Record<never, never>>;

/** What is sent as a file: text, and what is not. */
export const textTypes = ['text/csv', 'application/yaml'] as const;
export const binaryTypes = ['image/png', 'image/jpeg', 'font/ttf', 'font/otf'] as const;
export type FileType = (typeof textTypes)[number] | (typeof binaryTypes)[number];

/**
 * How the input of an operation becomes the arguments of its command. Without hints the values of the
 * path stand without a flag, in their order, and every other field is a flag: `startsAt` is
 * `--starts-at`. A field of an object in the body is a flag with both names: `--spaces-regions`.
 */
interface CommandHints {
  /** Fields that stand without a flag, in order; the last may be a list. */
  readonly positional?: readonly string[];
  /** Flags that are named otherwise than their fields: `{ startsAt: 'starts' }`. */
  readonly flags?: Readonly<Record<string, string>>;
  /**
   * Fields that never stand in a command line, and the environment variable that holds each. One that is
   * required and not in the environment is read from standard input.
   */
  readonly secrets?: Readonly<Record<string, string>>;
  /** Lists of `{ name, text }`: each argument is a file's path, or - for standard input. */
  readonly files?: readonly string[];
  /** The body is a file that a person writes, in YAML or JSON: the file is its argument, and none of its fields is. */
  readonly file?: true;
  /** Of the embedded server's databases it opens that of the real accounts, unless --database names another. */
  readonly inRealDatabase?: true;
  /** It looks at the database as it is: what is missing of rights and policies is not made again before. */
  readonly asItIs?: true;
  /** What is asked before it runs, unless --yes is given: of what loses something. `{field}` stands for a value. */
  readonly confirm?: string;
  /** It has no command on the local database, and why. With --url it has. */
  readonly remoteOnly?: string;
  /** It has no command at all, and why. */
  readonly none?: string;
}

interface Declared<Params extends z.ZodType, Query extends z.ZodType> {
  /** Under /api/v1, with `:name` for what `params` describes: `/deployments/:slug`. */
  readonly path: string;
  /** A noun and a verb, unique in the program: `invoice approve`. The words of its command. */
  readonly name: string;
  /** Its name in the API's document, camelCase and unique: `approveInvoice`. */
  readonly operationId: string;
  /** How its command is bound, where that does not follow from the schemas. */
  readonly command?: CommandHints;
  /** A heading of the reference: a tag of some module. */
  readonly tag: string;
  /** One line without a full stop. */
  readonly summary: string;
  /** What else a caller must know, in Markdown; a function where it is made from what the program declares. */
  readonly description?: string | ((program: Program) => string);
  /** Refusals of its own, whose status no other operation of its shape answers: the document names them. */
  readonly refuses?: readonly ErrorKind[];
  /** Who may. Everybody else gets 403, and who has no token 401. */
  readonly roles: readonly Role[];
  /**
   * Values in a path and a query arrive as text and become what their schema says: an integer, a
   * boolean, an array by repetition. A parameter that is not declared is refused. src/platform/declare/schemas.ts
   * has the usual ones.
   */
  readonly params?: Params;
  readonly query?: Query;
}

/**
 * One operation.
 *
 * The answer goes out as its schema says: fields that it does not name are left out, and what does
 * not fit it is a defect (500), never sent.
 *
 * POST, PUT, PATCH and DELETE run in one transaction. POST takes an Idempotency-Key; the answer is
 * kept in the same transaction. A GET of one thing has an ETag.
 */
interface ActionDeclaration<
  Params extends z.ZodType = NoFields,
  Query extends z.ZodType = NoFields,
  Body extends z.ZodType = z.ZodUndefined,
  Response extends z.ZodType = z.ZodVoid,
  Prepared = undefined,
> extends Declared<Params, Query> {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** JSON, unless `consumes` says otherwise: then it is the text as it came, or the bytes of an image or a font. */
  readonly body?: Body;
  readonly consumes?: FileType | readonly FileType[];
  /** How long a file may be, where it is not what files usually may. */
  readonly fileBytesMax?: number;
  /** None: 204. */
  readonly response?: Response;
  /** 200 (or 204 without a response) unless told. 201 for what was made, 202 for what a job will do. */
  readonly status?: 200 | 201 | 202 | 204;
  /** Where that which was made is: a path under /api/v1. */
  location?(answer: z.output<Response>): string;
  /**
   * The jobs that `call.follow` is told of. The API names those that it enqueued in Link headers (`rel="monitor"`), and
   * a command waits until they have ended, and what they enqueue in turn.
   */
  readonly followedBy?: readonly JobDeclaration[];
  /** It asks a cloud provider, whose refusal or failure is answered with 502. */
  readonly asksProvider?: true;
  /** Fields of its answer, such as a new secret, that are sent once and not kept with an Idempotency-Key: null in the same answer again. */
  readonly shownOnce?: readonly string[];
  /** It writes nothing, such as a quote, a preview, or what only a browser keeps: no transaction, no Idempotency-Key. */
  readonly asks?: true;
  /**
   * The GET of what this changes, with the same parameters in its path. The request then needs an
   * If-Match with the ETag that the GET gave (428 without; `*` for any), and is refused with 412 when
   * the thing has changed since: checked in the transaction of the change, under a lock that other
   * requests for the same take. A POST needs none, but a given one is checked in the same way.
   */
  readonly edits?: AnyAction;
  /** What has to be asked of somebody else, such as a provider, before the transaction begins: none is held meanwhile. */
  prepare?(call: Call<Params, Query, Body>): Promise<Prepared>;
  run(call: Call<Params, Query, Body>, prepared: Prepared): Promise<z.input<Response>>;
}

type Call<Params extends z.ZodType, Query extends z.ZodType, Body extends z.ZodType> = OperationCall<
  z.output<Params>,
  z.output<Query>,
  z.output<Body>
>;

export interface PageRequest<Sort extends string = string> {
  /** 1 to 1000. */
  readonly limit: number;
  /** As the list itself gave it, or null for the first page. Only what this list gave this caller arrives. */
  readonly cursor: string | null;
  /** What is looked for; null: everything. */
  readonly q: string | null;
  /** One of those that the list declares; of a list with its own order alone an empty text. */
  readonly sort: Sort;
  readonly order: 'asc' | 'desc';
}

export interface Page<Item> {
  readonly items: readonly Item[];
  /** Where the next page begins, in the list's own words; null: there is no more. */
  readonly nextCursor: string | null;
  /** How many items there are on all pages: of a list that declares `total`. */
  readonly total?: number;
}

/** Why a list cannot do what others do. */
interface Without {
  readonly none: string;
}

/**
 * A list, in pages of JSON (`{ items, nextCursor }`) or whole as CSV. The server adds `limit` and
 * `cursor` to the query, `q`, `sort` and `order` where the list declares them, and seals the cursor so that nobody can
 * make one or use it with other filters or in another order. The order must be stable. What else can be filtered by is
 * what `query` names.
 */
interface ListDeclaration<
  Params extends z.ZodType = NoFields,
  Query extends z.ZodType = NoFields,
  Row extends z.ZodType = z.ZodObject,
  Extra extends z.ZodType = z.ZodUnknown,
  Sort extends string = string,
> extends Declared<Params, Query> {
  readonly method?: 'GET';
  /** A flat object: its keys are the columns of the CSV, in this order. A value that is an object or an array is JSON there. */
  readonly row: Row;
  /** An object: what the answer says beside items and nextCursor, in JSON only. */
  readonly extra?: Extra;
  /** Where its `q` is looked for, as the end of a sentence: "the id and the name". */
  readonly search: { readonly in: string } | Without;
  /** The fields of a row that it can be sorted by, that of its own order first. */
  readonly sort: { readonly by: readonly [Sort, ...Sort[]]; readonly newestFirst?: true } | Without;
  /** Each page says how many items there are in all: of what can be counted without reading much. */
  readonly total: true | Without;
  run(call: Call<Params, Query, z.ZodUndefined>, page: PageRequest<Sort>): Promise<Page<z.input<Row>> & z.input<Extra>>;
}

interface Document {
  /** One of `produces`. */
  readonly type: string;
  /** What is an iterable is sent as it comes, with back-pressure. */
  readonly body: string | Uint8Array | AsyncIterable<string | Uint8Array>;
  /** sha256 of it, in hexadecimal: of an operation that `hasETag`. */
  readonly digest?: string;
  /** Saved under this name; shown in the browser unless given. */
  readonly filename?: string;
}

/** A GET that answers with something other than JSON: a page, a PDF, a stream of events. */
interface DocumentDeclaration<Params extends z.ZodType = NoFields, Query extends z.ZodType = NoFields>
  extends Declared<Params, Query> {
  readonly method?: 'GET';
  readonly produces: readonly string[];
  /** It goes on until the client leaves: no limit on its time. */
  readonly endless?: true;
  /** Its answer is in one piece, and has an ETag: the digest that it comes with. */
  readonly hasETag?: true;
  run(call: Call<Params, Query, z.ZodUndefined>): Promise<Document>;
}

type AnyAction = ActionDeclaration<any, any, any, any, any>;
type AnyList = ListDeclaration<any, any, any, any, any>;
type AnyDocument = DocumentDeclaration<any, any>;
export type Operation =
  | ({ readonly shape: 'action' } & AnyAction)
  | ({ readonly shape: 'list' } & AnyList)
  | ({ readonly shape: 'document' } & AnyDocument);

/** Declares an operation, with the types of what it is told and what it answers read from their schemas. */
export function declareOperation<
  Params extends z.ZodType = NoFields,
  Query extends z.ZodType = NoFields,
  Body extends z.ZodType = z.ZodUndefined,
  Response extends z.ZodType = z.ZodVoid,
  Prepared = undefined,
>(
  route: ActionDeclaration<Params, Query, Body, Response, Prepared>,
): { readonly shape: 'action' } & ActionDeclaration<Params, Query, Body, Response, Prepared> {
  return { ...route, shape: 'action' };
}

/** Declares a list. */
export function declareList<
  Row extends z.ZodObject,
  Params extends z.ZodType = NoFields,
  Query extends z.ZodType = NoFields,
  Extra extends z.ZodType = z.ZodUnknown,
  const Sort extends string = '',
>(
  route: ListDeclaration<Params, Query, Row, Extra, Sort>,
): { readonly shape: 'list' } & ListDeclaration<Params, Query, Row, Extra, Sort> {
  return { ...route, shape: 'list' };
}

/** Declares a document. */
export function declareDocument<Params extends z.ZodType = NoFields, Query extends z.ZodType = NoFields>(
  route: DocumentDeclaration<Params, Query>,
): { readonly shape: 'document' } & DocumentDeclaration<Params, Query> {
  return { ...route, shape: 'document' };
}

/** A defect where an operation has a job follow that it does not declare: nobody would wait for it. */
export function assertFollowedBy(operation: Operation, job: { readonly name: string }): void {
  const declared = operation.shape === 'action' ? (operation.followedBy ?? []) : [];
  if (!declared.some(({ name }) => name === job.name))
    throw new RangeError(`operation "${operation.name}" is followed by ${job.name} and does not declare it`);
}
