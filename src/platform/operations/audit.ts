import { z } from 'zod';
import { type AuditEntry, listAudit, verifyAudit } from '../audit.ts';
import { declareList, declareOperation, type Operation } from '../declare/operation.ts';
import { instant, instantOut, line } from '../declare/schemas.ts';

const row = z.object({
  position: z.int().meta({ description: 'Its place in the chain, from 1 on' }),
  recordedAt: instantOut.meta({ description: "The server's own time, of a simulated database too" }),
  actor: z.string().meta({ description: "A token's subject, a user of a machine, a worker, or a database user" }),
  origin: z.string().meta({ description: 'api, cli, job, migration, or sql for none of ours' }),
  address: z.string().nullable().meta({ description: 'Where the request or the connection came from' }),
  requestId: z.string().nullable(),
  operation: z.enum(['insert', 'update', 'delete']),
  table: z.string(),
  key: z.record(z.string(), z.unknown()).meta({ description: 'The primary key of the row' }),
  before: z.record(z.string(), z.unknown()).nullable().meta({ description: 'The row as it was; null for a new one' }),
  after: z.record(z.string(), z.unknown()).nullable().meta({ description: 'As it became; null where it is gone' }),
  hash: z.string().meta({ description: 'SHA-256 of the hash before it and of its content' }),
});

export const listAuditLog = declareList({
  path: '/audit-log',
  name: 'audit list',
  operationId: 'listAuditLog',
  tag: 'audit',
  summary: 'Changes that people made, the newest first',
  description:
    'Who changed which row, from where, with the row before and after. Secret values are redacted. verifyAuditLog checks the chain.',
  // It tells of prices, of accounts and of what colleagues do: the owner's alone.
  roles: ['owner'],
  query: z.object({
    table: line.optional(),
    actor: line.optional(),
    requestId: line.optional(),
    from: instant.optional(),
    to: instant.optional(),
  }),
  row,
  async run({ db, query }, { limit, cursor }) {
    const items: AuditEntry[] = await listAudit(db, query, { limit, before: cursor === null ? null : Number(cursor) });
    const last = items.length === limit ? items.at(-1) : undefined;
    return { items, nextCursor: last === undefined ? null : String(last.position) };
  },
});

const head = z
  .string()
  .regex(/^\d{1,15}:[0-9a-f]{64}$/, { error: 'is not a position, a colon and 64 hexadecimal digits', abort: true })
  .meta({ description: 'An earlier head as position:hash, which must still be there' })
  .transform((text) => {
    const [position = '', hash = ''] = text.split(':');
    return { position: Number(position), hash };
  });

export const verifyAuditLog = declareOperation({
  method: 'GET',
  path: '/audit-log/verification',
  name: 'audit verify',
  operationId: 'verifyAuditLog',
  tag: 'audit',
  summary: 'Check that nothing in the audit log was changed, removed or inserted later',
  description: `Each entry holds the hash of the one before. Whoever has all rights on the database could still write the
whole log anew: note the head down somewhere else now and then, and give it again later.`,
  roles: ['owner'],
  query: z.object({ head: head.optional() }),
  response: z.object({
    intact: z.boolean(),
    head: z
      .object({ position: z.int(), hash: z.string() })
      .nullable()
      .meta({ description: 'The last entry, to be noted down; null: there is none' }),
    broken: z
      .array(z.object({ position: z.int(), what: z.enum(['changed', 'unlinked', 'missing']) }))
      .meta({ description: 'Entries at which the chain does not hold, the oldest first; a hundred at most' }),
    disabled: z.array(z.string()).meta({ description: 'Tables on which recording is switched off now' }),
    notedHolds: z
      .boolean()
      .nullable()
      .meta({ description: 'Whether the given head is still there; null: none was given' }),
  }),
  async run({ db, query }) {
    const { broken, disabled, ...rest } = await verifyAudit(db, query.head ?? null);
    return { ...rest, broken: [...broken], disabled: [...disabled] };
  },
});

export const auditOperations: readonly Operation[] = [listAuditLog, verifyAuditLog];
