import type { PricedGroup } from '../inventory/index.ts';
import type { Queryable, UnitOfWork } from '../platform/database/database.ts';
import { preparedStatement, statement } from '../platform/database/statement.ts';
import { neverMissed, unattributedSet } from './attribution/store.ts';

/** Resources without an owner that are charged alike, and since when the one that is longest so. */
export interface UnassignedGroup extends PricedGroup {
  readonly oldest: Temporal.Instant;
}

/** What lived at an instant and had no owner then, in groups that the price book charges alike. */
export async function sumUnassigned(db: Queryable, at: Temporal.Instant): Promise<UnassignedGroup[]> {
  const { rows } = await statement<UnassignedGroup>('deployments.sumUnassigned')`
    SELECT c.slug AS account, s.kind, split_part(s.parents[1], ':', 1) AS source, s.attributes ->> 'size_slug' AS "sizeSlug",
           s.attributes ->> 'type' AS type, (s.attributes ->> 'assigned')::boolean AS assigned,
           (s.attributes ->> 'ip_version')::int AS "ipVersion", count(*) AS resources,
           sum((s.attributes ->> 'size_gb')::numeric)::text AS "sizeGb", sum((s.attributes ->> 'nodes')::numeric)::text AS nodes,
           min(a.valid_from) AS oldest
    FROM attributions a
    JOIN inventory_states s ON s.resource_id = a.resource_id AND s.valid_from <= ${at} AND s.valid_to > ${at}
    JOIN inventory_accounts c ON c.account_id = s.account_id
    WHERE a.superseded_at = 'infinity' AND a.owner_set_id = ${unattributedSet}
      AND a.valid_from <= ${at} AND a.valid_to > ${at} AND s.kind <> ALL (${neverMissed})
    GROUP BY 1, 2, 3, 4, 5, 6, 7, s.attributes ->> 'size_gb' IS NULL, s.attributes ->> 'nodes' IS NULL
    ORDER BY 1, 2, 3, 4, 5, 6, 7`.execute(db);
  return rows;
}

interface KeptRow {
  readonly groups: readonly (Omit<UnassignedGroup, 'oldest'> & { readonly oldest: string })[];
}

/** What was counted last, of an instant, where nothing has changed since that it rests on; null: it is to be counted anew. */
export async function selectKept(db: Queryable, at: Temporal.Instant): Promise<readonly UnassignedGroup[] | null> {
  const { rows } = await preparedStatement<KeptRow>('deployments.selectKeptUnassigned')`
    SELECT groups FROM unassigned_counted u
    WHERE counted_at <= ${at} AND ends_at > ${at} AND NOT EXISTS (
      SELECT FROM changes c WHERE c.change_id > u.change_id AND c.topic IN ('resource', 'level', 'ownership'))`.execute(
    db,
  );
  const [row] = rows;
  if (row === undefined) return null;
  return row.groups.map((group) => ({ ...group, oldest: Temporal.Instant.from(group.oldest) }));
}

/** What is kept rests on no change up to this one: whoever asks need not look through them again. */
export async function updatePosition(db: Queryable, changeId: number): Promise<void> {
  await statement('deployments.updateUnassignedPosition')`
    UPDATE unassigned_counted SET change_id = ${changeId} WHERE change_id < ${changeId}`.execute(db);
}

/** Keeps what was counted of `countedAt`, in place of what is there. */
export async function replaceKept(
  trx: UnitOfWork,
  {
    countedAt,
    changeId,
    groups,
  }: {
    readonly countedAt: Temporal.Instant;
    /** The last change that it knows of. */
    readonly changeId: number;
    readonly groups: readonly UnassignedGroup[];
  },
): Promise<void> {
  await statement('deployments.replaceKeptUnassigned')`
    INSERT INTO unassigned_counted (counted_at, change_id, ends_at, groups)
    SELECT ${countedAt}, ${changeId}, coalesce((
             SELECT min(valid_from) FROM attributions
             WHERE superseded_at = 'infinity' AND valid_from > recorded_at AND valid_from > ${countedAt}), 'infinity'),
           ${JSON.stringify(groups)}::jsonb
    ON CONFLICT (singleton) DO UPDATE SET counted_at = excluded.counted_at, change_id = excluded.change_id,
      ends_at = excluded.ends_at, groups = excluded.groups`.execute(trx);
}
