import { type RawBuilder, sql } from 'kysely';
import { appendChanges } from '../platform/changes.ts';
import type { Queryable, UnitOfWork } from '../platform/database/database.ts';
import { statement } from '../platform/database/statement.ts';
import { createTemporaryTableAs, type TemporaryTable } from '../platform/database/temporary-table.ts';
import { idBytesMax, retractType, watermarkType } from './cloud-event.ts';
import { effectTypes } from './effect-types.ts';

// What events mean, set by set: a batch of their numbers, what each of them reads as by each meter, and from that what they
// count as and what becomes of the others. Everything written here is derived, and written again by the same events.

type Batch = TemporaryTable<'gateway_batch'>;
type Readings = TemporaryTable<'gateway_readings'>;
type Before = TemporaryTable<'gateway_usage_before'>;

/** A pattern with *, as LIKE wants it. */
export const typeAlike = (pattern: RawBuilder<unknown>): RawBuilder<unknown> =>
  sql`replace(replace(replace(replace(${pattern}, ${'\\'}, ${'\\\\'}), '%', ${'\\%'}), '_', ${'\\_'}), '*', '%')`;

// Which events --------------------------------------------------------------------------------------

/** How far the events of a source are interpreted. Until the transaction ends nobody else interprets any of them. */
export async function lockProgress(trx: UnitOfWork, accountId: number): Promise<number> {
  const { rows } = await statement<{ throughId: number }>('gateway.lockProgress')`
    SELECT through_id AS "throughId" FROM gateway_progress WHERE account_id = ${accountId} FOR UPDATE`.execute(trx);
  return rows[0]?.throughId ?? 0;
}

/** The same of all sources: what is to be interpreted again is all that was before, and all else is by what is written now. */
export async function lockAllProgress(trx: UnitOfWork): Promise<void> {
  await statement('gateway.lockAllProgress')`
    SELECT through_id FROM gateway_progress ORDER BY account_id FOR UPDATE`.execute(trx);
}

export async function updateProgress(trx: UnitOfWork, accountId: number, throughId: number): Promise<void> {
  await statement('gateway.updateProgress')`
    UPDATE gateway_progress SET through_id = ${throughId} WHERE account_id = ${accountId}`.execute(trx);
}

/** The next events behind a number, at most so many. */
export async function selectNextIds(
  trx: UnitOfWork,
  accountId: number,
  { after, through, limit }: { readonly after: number; readonly through: number; readonly limit: number },
): Promise<number[]> {
  const { rows } = await statement<{ id: number }>('gateway.selectNextIds')`
    SELECT gateway_event_id AS id FROM gateway_events
    WHERE account_id = ${accountId} AND gateway_event_id > ${after} AND gateway_event_id <= ${through}
    ORDER BY gateway_event_id LIMIT ${limit}`.execute(trx);
  return rows.map(({ id }) => id);
}

/** The oldest repeat of a source. */
export async function selectRepeat(trx: UnitOfWork, accountId: number): Promise<number | null> {
  const { rows } = await statement<{ repeatId: number }>('gateway.selectRepeat')`
    SELECT repeat_id AS "repeatId" FROM gateway_repeats WHERE account_id = ${accountId} ORDER BY repeat_id LIMIT 1`.execute(
    trx,
  );
  return rows[0]?.repeatId ?? null;
}

/**
 * Ids of events that repeats `r` are of, in their order and at most so many: with a time in their range as it was sent, or as a
 * decision has shifted it. What is older than events are kept is left as it is.
 */
export function repeatedIds(which: RawBuilder<unknown>, limit: number): RawBuilder<unknown> {
  const isOf = sql`${which} AND e.gateway_event_id > r.after_id AND e.gateway_event_id <= r.through_id
    AND e.type LIKE ${typeAlike(sql`r.type`)} AND e.event_time >= coalesce(p.pruned_before, '-infinity')`;
  return sql`
    (SELECT e.gateway_event_id AS id
     FROM gateway_repeats r JOIN gateway_progress p USING (account_id) JOIN gateway_events e USING (account_id)
     WHERE ${isOf} AND e.event_time >= r.since AND e.event_time < r.until
     ORDER BY 1 LIMIT ${limit})
    UNION
    (SELECT e.gateway_event_id AS id
     FROM gateway_repeats r JOIN gateway_progress p USING (account_id) JOIN gateway_decisions d USING (account_id)
     JOIN gateway_events e USING (account_id, gateway_event_id)
     WHERE ${isOf} AND d.shift <> '0' AND e.event_time + d.shift >= r.since AND e.event_time + d.shift < r.until
     ORDER BY 1 LIMIT ${limit})`;
}

/** The next events of a repeat, at most so many. */
export async function selectRepeatedIds(trx: UnitOfWork, repeatId: number, limit: number): Promise<number[]> {
  const { rows } = await statement<{ id: number }>('gateway.selectRepeatedIds')`
    ${repeatedIds(sql`r.repeat_id = ${repeatId}`, limit)} ORDER BY 1 LIMIT ${limit}`.execute(trx);
  return rows.map(({ id }) => id);
}

export async function advanceRepeat(trx: UnitOfWork, repeatId: number, afterId: number | null): Promise<void> {
  if (afterId === null)
    await statement('gateway.advanceRepeat.delete')`DELETE FROM gateway_repeats WHERE repeat_id = ${repeatId}`.execute(
      trx,
    );
  else
    await statement('gateway.advanceRepeat')`
      UPDATE gateway_repeats SET after_id = ${afterId} WHERE repeat_id = ${repeatId}`.execute(trx);
}

/** Has events of a type and a time, of one source or of all, interpreted again as far as they were. */
export async function insertRepeats(
  trx: UnitOfWork,
  {
    accountId,
    type,
    since,
    until,
  }: {
    readonly accountId: number | null;
    readonly type: string;
    readonly since: Temporal.Instant;
    readonly until: Temporal.Instant | null;
  },
): Promise<void> {
  await statement('gateway.insertRepeats')`
    INSERT INTO gateway_repeats (account_id, after_id, through_id, type, since, until)
    SELECT account_id, 0, through_id, ${type}, ${since}::timestamptz, coalesce(${until}::timestamptz, 'infinity')
    FROM gateway_progress WHERE ${accountId}::int IS NULL OR account_id = ${accountId}`.execute(trx);
}

/** Sources with events, or repeats, that are still to be interpreted, by name. */
export async function selectBehind(db: Queryable): Promise<string[]> {
  const { rows } = await statement<{ source: string }>('gateway.selectBehind')`
    SELECT a.slug AS source FROM gateway_progress p JOIN inventory_accounts a USING (account_id)
    WHERE EXISTS (SELECT FROM gateway_repeats r WHERE r.account_id = p.account_id)
       OR EXISTS (SELECT FROM gateway_events e WHERE e.account_id = p.account_id AND e.gateway_event_id > p.through_id)
    ORDER BY 1`.execute(db);
  return rows.map(({ source }) => source);
}

/** Dead letters of these reasons, in the order of their events, behind one. */
export async function selectDeadIds(
  trx: UnitOfWork,
  accountId: number,
  {
    reasons,
    after,
    limit,
  }: { readonly reasons: readonly string[] | null; readonly after: number; readonly limit: number },
): Promise<number[]> {
  const { rows } = await statement<{ id: number }>('gateway.selectDeadIds')`
    SELECT DISTINCT gateway_event_id AS id FROM gateway_outcomes
    WHERE account_id = ${accountId} AND outcome = 'dead' AND gateway_event_id > ${after}
      AND (${reasons === null}::boolean OR reason = ANY (${[...(reasons ?? [])]}::text[]))
    ORDER BY 1 LIMIT ${limit}`.execute(trx);
  return rows.map(({ id }) => id);
}

// A batch -------------------------------------------------------------------------------------------

export function prepareBatch(trx: UnitOfWork, ids: readonly number[]): Promise<Batch> {
  return createTemporaryTableAs(
    trx,
    {
      statement: 'gateway.prepareBatch',
      table: 'gateway_batch',
      index: { on: 'gateway_event_id', unique: true },
      analyze: true,
    },
    sql`SELECT DISTINCT unnest(${[...ids]}::bigint[]) AS gateway_event_id`,
  );
}

/** Numbers of a batch lie together: where nothing is known of a table yet, it is not read as a whole for some of its rows. */
const liesIn = (batch: Batch, of: RawBuilder<unknown>): RawBuilder<unknown> => sql`
  ${of}.gateway_event_id BETWEEN (SELECT min(gateway_event_id) FROM ${batch}) AND (SELECT max(gateway_event_id) FROM ${batch})`;

/** Events whose envelope and time are sound, or were said to be. */
const isSound = sql`(e.fault IS NULL OR EXISTS (
  SELECT FROM gateway_decisions d WHERE d.account_id = e.account_id AND d.gateway_event_id = e.gateway_event_id AND d.decision = 'replay'))`;

/**
 * Records what events of the batch retract or correct, and adds to it what of that was interpreted before; and, of what comes
 * only now, the events that retracted it already, which name something that is there from here on.
 */
export async function recordRetractions(
  trx: UnitOfWork,
  accountId: number,
  batch: Batch,
  interpretedThrough: number,
): Promise<void> {
  const { numAffectedRows } = await statement('gateway.recordRetractions')`
    INSERT INTO gateway_retractions (account_id, origin, event_id, retracted_by, found)
    SELECT DISTINCT account_id, origin, target, gateway_event_id, false
    FROM (SELECT e.account_id, e.origin, e.event_id, e.gateway_event_id, e.attributes ->> 'corrects' AS target
          FROM ${batch} JOIN gateway_events e USING (gateway_event_id)
          WHERE e.account_id = ${accountId} AND ${liesIn(batch, sql`e`)} AND e.attributes ? 'corrects' AND ${isSound}
          UNION ALL
          SELECT e.account_id, e.origin, e.event_id, e.gateway_event_id, target
          FROM ${batch} JOIN gateway_events e USING (gateway_event_id)
          CROSS JOIN LATERAL jsonb_array_elements_text(
            CASE WHEN jsonb_typeof(e.data -> 'ids') = 'array' THEN e.data -> 'ids' ELSE '[]' END) AS target
          WHERE e.account_id = ${accountId} AND ${liesIn(batch, sql`e`)} AND e.type = ${retractType} AND ${isSound}) AS said
    WHERE octet_length(target) <= ${idBytesMax}::int AND target <> event_id -- no event has a longer id
    ON CONFLICT DO NOTHING`.execute(trx);
  if ((numAffectedRows ?? 0n) > 0n)
    await statement('gateway.recordRetractions.extend')`
      INSERT INTO ${batch}
      SELECT e.gateway_event_id
      FROM ${batch} b JOIN gateway_retractions r ON r.account_id = ${accountId} AND r.retracted_by = b.gateway_event_id
      JOIN gateway_events e ON e.account_id = r.account_id AND e.origin = r.origin AND e.event_id = r.event_id
      WHERE e.gateway_event_id <= ${interpretedThrough}
      ON CONFLICT DO NOTHING`.execute(trx);
  await findTargets(trx, accountId, batch);
}

/** Marks retractions of what is in the batch as found, and adds their events to it. Begins at the batch: many may be open. */
async function findTargets(trx: UnitOfWork, accountId: number, batch: Batch): Promise<void> {
  await statement('gateway.findTargets')`
    WITH found AS (
      UPDATE gateway_retractions r SET found = true
      FROM ${batch} b JOIN gateway_events e USING (gateway_event_id)
      WHERE e.account_id = ${accountId} AND r.account_id = ${accountId}
        AND (r.origin, r.event_id) = (e.origin, e.event_id) AND NOT r.found
      RETURNING r.retracted_by
    )
    INSERT INTO ${batch} SELECT DISTINCT retracted_by FROM found ON CONFLICT DO NOTHING`.execute(trx);
}

/** Whether somebody retracts or corrects the event `e`, and that was not dropped. */
const isRetracted = sql`EXISTS (
  SELECT FROM gateway_retractions r WHERE r.account_id = e.account_id AND r.origin = e.origin AND r.event_id = e.event_id AND NOT EXISTS (
    SELECT FROM gateway_decisions x WHERE x.account_id = r.account_id AND x.gateway_event_id = r.retracted_by AND x.decision = 'drop'))`;

/** When the event `e` counts, with its decision `d`: where the clock of its sender was off, it is shifted. */
const countsAt = sql`e.event_time + coalesce(d.shift, '0')`;

/** Leaves out of the batch what counts, is older than events are kept, and is not retracted: it stays as it is. */
export async function leaveRetired(trx: UnitOfWork, accountId: number, batch: Batch): Promise<void> {
  const { rows } = await statement<{ before: Temporal.Instant | null }>('gateway.leaveRetired.before')`
    SELECT pruned_before AS before FROM gateway_progress WHERE account_id = ${accountId}`.execute(trx);
  const before = rows[0]?.before ?? null;
  if (before === null) return;
  await statement('gateway.leaveRetired')`
    DELETE FROM ${batch} b USING gateway_events e
    LEFT JOIN gateway_decisions d ON d.account_id = e.account_id AND d.gateway_event_id = e.gateway_event_id
    WHERE e.account_id = ${accountId} AND e.gateway_event_id = b.gateway_event_id AND ${countsAt} < ${before}
      AND CASE WHEN EXISTS (SELECT FROM gateway_usage u WHERE u.account_id = e.account_id AND u.gateway_event_id = e.gateway_event_id)
          THEN NOT ${isRetracted} END`.execute(trx);
}

/**
 * Events of the batch `judged`: with what becomes of each but for its meters, and whether these count it. Materialized, step by
 * step: what a later one uses more than once would be reckoned as often.
 */
function judgedEvents(accountId: number, batch: Batch): RawBuilder<unknown> {
  const doing = Object.entries(effectTypes).flatMap(([family, each]) => each.map((type) => ({ family, type })));
  const [families, types] = [doing.map(({ family }) => family), doing.map(({ type }) => type)];
  return sql`
    events AS MATERIALIZED (
      SELECT e.gateway_event_id, e.type, e.subject, e.data, ${countsAt} AS at, s.customers, a.metered_from, f.family,
             f.family = ANY (s.effects) AS may_do, x.outcome AS done,
             -- A decision has answered for the time.
             CASE WHEN e.fault IS NOT NULL AND (d.decision IS NULL OR e.fault NOT IN ('too_old', 'in_future')) THEN e.fault
                  WHEN e.type IN (${watermarkType}, ${retractType}) THEN NULL
                  WHEN ${countsAt} < p.pruned_before THEN 'before_retention' END AS fault,
             CASE WHEN d.decision = 'drop' THEN 'dropped' WHEN ${isRetracted} THEN 'superseded' END AS removed,
             -- What it retracts or corrects is not there: it has not come yet, or is removed.
             CASE WHEN e.type = ${retractType} OR e.attributes ? 'corrects' THEN (
               SELECT NOT coalesce(bool_and(r.found), false) FROM gateway_retractions r
               WHERE r.account_id = e.account_id AND r.retracted_by = e.gateway_event_id) ELSE false END AS in_vain
      FROM ${batch} JOIN gateway_events e USING (gateway_event_id)
      JOIN gateway_sources s ON s.account_id = e.account_id JOIN inventory_accounts a ON a.account_id = e.account_id
      JOIN gateway_progress p ON p.account_id = e.account_id
      LEFT JOIN gateway_decisions d ON d.account_id = e.account_id AND d.gateway_event_id = e.gateway_event_id
      LEFT JOIN gateway_effects x ON x.account_id = e.account_id AND x.gateway_event_id = e.gateway_event_id
      LEFT JOIN unnest(${families}::text[], ${types}::text[]) AS f (family, type) ON f.type = e.type
      WHERE e.account_id = ${accountId} AND ${liesIn(batch, sql`e`)}
    ), judged AS MATERIALIZED (
      SELECT *, removed IS NULL AND fault IS NULL AND type NOT IN (${watermarkType}, ${retractType}) AND at >= metered_from AS counts,
             -- What was done is not undone by what is said of it later.
             CASE WHEN done IN ('applied', 'superseded') THEN done
                  WHEN removed IS NOT NULL THEN removed
                  WHEN fault IS NOT NULL THEN 'dead'
                  WHEN family IS NOT NULL THEN CASE WHEN may_do THEN 'open' ELSE 'dead' END
                  WHEN in_vain THEN 'dead'
                  WHEN type IN (${watermarkType}, ${retractType}) THEN 'applied'
                  WHEN at < metered_from THEN 'dead' END AS outcome,
             CASE WHEN fault IS NOT NULL THEN fault
                  WHEN family IS NOT NULL THEN 'effect_not_allowed'
                  WHEN in_vain THEN 'target_unknown'
                  ELSE 'before_metered_from' END AS reason
      FROM events
    )`;
}

/**
 * What each event of the batch reads as: a row for each meter that it is of, or one without a meter.
 * - `outcome`, `reason`: of the event itself; `open`: it is still to do something; NULL: its meters say what becomes of it;
 * - `fault`: why the meter cannot count it.
 */
export function prepareReadings(trx: UnitOfWork, accountId: number, batch: Batch): Promise<Readings> {
  return createTemporaryTableAs(
    trx,
    { statement: 'gateway.prepareReadings', table: 'gateway_readings', index: { on: 'subject' }, analyze: true },
    sql`
    WITH versions AS MATERIALIZED (
      SELECT m.meter_id, m.aggregation, v.value_max, ${typeAlike(sql`v.type`)} AS alike, v.filter, v.value_path, v.key_path, v.subject_path,
             v.subject_prefix, v.from_day::timestamp AT TIME ZONE 'UTC' AS since,
             coalesce(lead(v.from_day) OVER (PARTITION BY m.meter_id ORDER BY v.from_day)::timestamp AT TIME ZONE 'UTC', 'infinity') AS until
      FROM gateway_meters m JOIN gateway_meter_versions v USING (meter_id)
    ), ${judgedEvents(accountId, batch)}, read AS MATERIALIZED (
      SELECT e.gateway_event_id, e.at, e.outcome, e.customers, v.meter_id, v.aggregation, v.value_max, v.key_path IS NOT NULL AS has_key,
             CASE WHEN e.outcome = 'dead' THEN e.reason END AS reason,
             v.subject_prefix || CASE WHEN v.subject_path IS NULL THEN e.subject ELSE scalar_text(e.data #> v.subject_path) END AS subject,
             CASE WHEN v.aggregation IN ('count', 'unique') THEN to_jsonb(1) ELSE e.data #> v.value_path END AS said,
             CASE WHEN v.key_path IS NOT NULL THEN scalar_text(e.data #> v.key_path) END AS unique_key
      FROM judged e
      LEFT JOIN versions v ON e.counts AND e.type LIKE v.alike AND (v.filter = '{}' OR e.data @> v.filter)
       AND e.at >= v.since AND e.at < v.until
    ), valued AS MATERIALIZED (
      SELECT *, exact_number(said) AS value FROM read
    )
    SELECT gateway_event_id, at, outcome, reason, meter_id, aggregation, subject, value, unique_key,
           CASE WHEN meter_id IS NULL THEN NULL
                WHEN coalesce(subject, '') = '' THEN 'subject_missing'
                WHEN length(subject) > 255 THEN 'bad_subject'
                WHEN customers IS NOT NULL AND subject LIKE 'deployment:%' AND NOT EXISTS (
                  SELECT FROM deployments_list l WHERE l.slug = substr(subject, 12) AND l.customer_external_id = ANY (customers))
                  THEN 'not_yours'
                WHEN has_key AND unique_key IS NULL THEN 'key_missing'
                WHEN length(unique_key) > 255 THEN 'bad_key'
                WHEN said IS NULL OR jsonb_typeof(said) = 'null' THEN 'value_missing'
                WHEN value IS NULL THEN 'value_not_a_number'
                WHEN value < 0 THEN 'value_negative'
                WHEN value > value_max THEN 'value_too_large' END AS fault
    FROM valued`,
  );
}

/** Subjects that no resource stands for yet, by name, at most so many. */
export async function selectNewSubjects(
  trx: UnitOfWork,
  accountId: number,
  readings: Readings,
  limit: number,
): Promise<string[]> {
  const { rows } = await statement<{ subject: string }>('gateway.selectNewSubjects')`
    SELECT DISTINCT r.subject FROM ${readings} r
    WHERE r.meter_id IS NOT NULL AND r.fault IS NULL AND NOT EXISTS (
      SELECT FROM inventory_resources o WHERE o.account_id = ${accountId} AND o.kind = 'gateway' AND o.external_id = r.subject)
    ORDER BY 1 LIMIT ${limit}`.execute(trx);
  return rows.map(({ subject }) => subject);
}

/** Replaces what the events of the batch count as. Returns what they counted as before. */
export async function replaceUsage(
  trx: UnitOfWork,
  accountId: number,
  batch: Batch,
  readings: Readings,
): Promise<Before> {
  const before = await createTemporaryTableAs(
    trx,
    { statement: 'gateway.replaceUsage', table: 'gateway_usage_before' },
    sql`
      SELECT u.* FROM ${batch} JOIN gateway_usage u USING (gateway_event_id)
      WHERE u.account_id = ${accountId} AND ${liesIn(batch, sql`u`)}`,
  );
  await statement('gateway.replaceUsage.delete')`
    DELETE FROM gateway_usage u USING ${before} b
    WHERE u.account_id = b.account_id AND u.gateway_event_id = b.gateway_event_id AND u.meter_id = b.meter_id`.execute(
    trx,
  );
  await statement('gateway.replaceUsage.insert')`
    INSERT INTO gateway_usage (account_id, gateway_event_id, resource_id, at, meter_id, value, unique_key)
    SELECT ${accountId}::int, r.gateway_event_id, o.resource_id, r.at, r.meter_id, r.value, r.unique_key
    FROM ${readings} r
    JOIN inventory_resources o ON o.account_id = ${accountId} AND o.kind = 'gateway' AND o.external_id = r.subject
    WHERE r.meter_id IS NOT NULL AND r.fault IS NULL
    ORDER BY o.resource_id, r.meter_id, r.at`.execute(trx);
  return before;
}

/** Replaces what became of the others. `unread`: watermarks that say nothing. Returns how many are dead. */
export async function replaceOutcomes(
  trx: UnitOfWork,
  accountId: number,
  {
    batch,
    readings,
    unread,
  }: { readonly batch: Batch; readonly readings: Readings; readonly unread: readonly number[] },
): Promise<number> {
  await statement('gateway.replaceOutcomes.delete')`
    DELETE FROM gateway_outcomes o USING ${batch} b
    WHERE o.account_id = ${accountId} AND o.gateway_event_id = b.gateway_event_id`.execute(trx);
  const { rows } = await statement<{ dead: number }>('gateway.replaceOutcomes.insert')`
    WITH written AS (
      INSERT INTO gateway_outcomes (account_id, gateway_event_id, meter_id, outcome, reason)
      SELECT DISTINCT ${accountId}::int, r.gateway_event_id, 0,
             CASE WHEN is_unread THEN 'dead' ELSE coalesce(r.outcome, 'no_meter') END,
             CASE WHEN is_unread THEN 'bad_watermark' ELSE coalesce(r.reason, '') END
      FROM (SELECT *, gateway_event_id = ANY (${[...unread]}::bigint[]) AS is_unread FROM ${readings}) AS r
      WHERE CASE WHEN r.outcome IS NULL THEN r.meter_id IS NULL ELSE r.outcome <> 'open' END
      UNION ALL
      SELECT ${accountId}::int, r.gateway_event_id, r.meter_id, 'dead', coalesce(r.fault, 'too_many_subjects')
      FROM ${readings} r
      WHERE r.meter_id IS NOT NULL AND (r.fault IS NOT NULL OR NOT EXISTS (
        SELECT FROM inventory_resources o WHERE o.account_id = ${accountId} AND o.kind = 'gateway' AND o.external_id = r.subject))
      RETURNING outcome
    )
    SELECT count(*) FILTER (WHERE outcome = 'dead') AS dead FROM written`.execute(trx);
  return rows[0]?.dead ?? 0;
}

/**
 * Appends what resources' usage rests on now and did not before, by resource and hour; what is a level, of a gauge, from
 * the hour on.
 */
export async function appendMeasurementChanges(
  trx: UnitOfWork,
  { accountId, batch, before }: { readonly accountId: number; readonly batch: Batch; readonly before: Before },
  now: Temporal.Instant,
): Promise<void> {
  const columns = sql`resource_id, meter_id, at, value, unique_key`;
  await appendChanges(
    trx,
    'measurement',
    'event',
    now,
    sql`
    WITH after AS MATERIALIZED (
      SELECT u.* FROM ${batch} JOIN gateway_usage u USING (gateway_event_id)
      WHERE u.account_id = ${accountId} AND ${liesIn(batch, sql`u`)}
    ), other AS (
      (SELECT ${columns} FROM ${before} EXCEPT ALL SELECT ${columns} FROM after)
      UNION ALL
      (SELECT ${columns} FROM after EXCEPT ALL SELECT ${columns} FROM ${before})
    )
    SELECT DISTINCT o.resource_id AS subject, date_trunc('hour', o.at, 'UTC') AS valid_from,
           CASE WHEN m.aggregation = 'gauge' THEN 'infinity' ELSE date_trunc('hour', o.at, 'UTC') + interval '1 hour' END AS valid_to
    FROM other o JOIN gateway_meters m USING (meter_id)`,
  );
}

/** The words of watermarks in the batch, as they were said. */
export async function selectWatermarksIn(
  trx: UnitOfWork,
  accountId: number,
  batch: Batch,
): Promise<{ readonly id: number; readonly through: string | null; readonly counts: Record<string, string> | null }[]> {
  const { rows } = await statement<{ id: number; through: string | null; counts: Record<string, string> | null }>(
    'gateway.selectWatermarksIn',
  )`
    SELECT e.gateway_event_id AS id, e.data ->> 'through' AS through,
           CASE WHEN jsonb_typeof(e.data -> 'counts') = 'object'
                THEN (SELECT jsonb_object_agg(key, value) FROM jsonb_each_text(e.data -> 'counts')) END AS counts
    FROM ${batch} JOIN gateway_events e USING (gateway_event_id)
    WHERE e.account_id = ${accountId} AND ${liesIn(batch, sql`e`)} AND e.type = ${watermarkType} AND e.fault IS NULL
      AND NOT EXISTS (SELECT FROM gateway_watermarks w WHERE w.account_id = e.account_id AND w.gateway_event_id = e.gateway_event_id)
    ORDER BY 1`.execute(trx);
  return rows;
}
