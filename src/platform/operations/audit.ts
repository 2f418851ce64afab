import { z } from 'zod';
import { type AuditEntry, listAudit } from '../audit.ts';
import { declareList, type Operation } from '../declare/operation.ts';
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
    key: line
      .optional()
      .meta({ description: 'A value of the primary key of the row, usually with its table', examples: ['14'] }),
    actor: line.optional(),
    requestId: line.optional(),
    from: instant.optional(),
    to: instant.optional(),
  }),
  row,
  search: { none: 'filters by table, key, actor and request are indexed; a text would read the whole log' },
  sort: { none: 'the newest first, as it is indexed' },
  total: { none: 'audit verify counts them' },
  async run({ db, query }, { limit, cursor }) {
    const items: AuditEntry[] = await listAudit(db, query, { limit, before: cursor === null ? null : Number(cursor) });
    const last = items.length === limit ? items.at(-1) : undefined;
    return { items, nextCursor: last === undefined ? null : String(last.position) };
  },
});

export const auditOperations: readonly Operation[] = [listAuditLog];
