import { type RawBuilder, sql } from 'kysely';
import type { UnitOfWork } from '../../platform/database/database.ts';
import { createTemporaryTable, type TemporaryTable } from '../../platform/database/temporary-table.ts';

/**
 * What is different now, before it is known since when, at what price and what people decided of it.
 *
 * `subject`: of its key. `how`, `test_key`, `test_value`: what its history is asked for, by drift_agrees. `since_before`:
 * since when, where that is known. `moved`: the resource became other, not what is declared of it. `blind`: it cannot be
 * seen now: what is there stays, and nothing new opens. `at_once`: it does not settle. `refs`: what it is a part of, as
 * `kind:external_id`. `looks`: how many settings ended within the time of what flaps, where that is known. `priced`: as money.ts reads it; NULL: the key of a sum of fields is missing.
 */
export type FoundTable = TemporaryTable<'drift_found'>;

const columns = sql`
  subject text NOT NULL, category text NOT NULL, rule text NOT NULL, field text, declaration_id int, address text,
  deployment_id bigint, account_id int, resource_id bigint, kind text NOT NULL, name text NOT NULL, declared jsonb,
  actual jsonb, how text, test_key text, test_value jsonb, since_before timestamptz, moved boolean NOT NULL DEFAULT true,
  blind boolean NOT NULL DEFAULT false, at_once boolean NOT NULL DEFAULT false, severity text, refs text[] NOT NULL DEFAULT '{}',
  looks int, priced jsonb, declared_from timestamptz NOT NULL DEFAULT '-infinity'`;

export function createFound(trx: UnitOfWork): Promise<FoundTable> {
  return createTemporaryTable(trx, { statement: 'drift.createFound', table: 'drift_found', drop: [] }, columns);
}

/** Settings on which prices rest, of a jsonb of settings. */
export function pricedSettings(settings: RawBuilder<unknown>): RawBuilder<unknown> {
  return sql`(SELECT coalesce(jsonb_object_agg(key, value), '{}') FROM jsonb_each(${settings})
    WHERE key IN ('size', 'nodes', 'size_gb', 'type', 'backups', 'backup_policy/plan', 'droplet', 'ha') OR key ~ '^pool/[^/]+/(size|count)$')`;
}

/** The kind of what a resource belongs to by nature: a snapshot's source. */
export function sourceOf(parents: RawBuilder<unknown>): RawBuilder<unknown> {
  return sql`split_part((${parents})[1], ':', 1)`;
}

/** A whole resource that is there, of the row `a` of the actual ones. */
export const wholeActual: RawBuilder<unknown> = sql`jsonb_build_object('what', 'whole', 'sign', 1, 'kind', a.kind,
  'attributes', a.attributes, 'source', ${sourceOf(sql`a.parents`)}, 'settings', ${pricedSettings(sql`a.settings`)})`;

/** What costs nothing, and what nobody can price. */
export const priceless: RawBuilder<unknown> = sql`NULL::jsonb`;
export const free: RawBuilder<unknown> = sql`'{"what": "whole", "sign": 1, "kind": "firewall", "attributes": {}, "source": null, "settings": {}}'::jsonb`;

/** Of the row `a` of the actual ones what would mend that it is open to the world, or behind no firewall. */
export const freelyMended: RawBuilder<unknown> = sql`'{"what": "remedy", "kind": "firewall", "attributes": {}, "source": null, "settings": {}}'::jsonb`;
/** That it has no backups. */
export const mendedByBackups: RawBuilder<unknown> = sql`jsonb_build_object('what', 'remedy', 'kind', a.kind,
  'attributes', a.attributes, 'source', NULL, 'settings', ${pricedSettings(sql`a.settings`)})`;
