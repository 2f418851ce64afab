import { sql } from 'kysely';
import type { Queryable, UnitOfWork } from '../platform/database/database.ts';
import { statement } from '../platform/database/statement.ts';
import type { TemporaryTable } from '../platform/database/temporary-table.ts';
import { effectTypes } from './effect-types.ts';

// Events that do something: which of them are open, what they say, and what came of them.

/**
 * Opens what the batch reads as to be done, and what died of it once more; closes what is not to be done any more. What
 * was done stays done.
 */
export async function openEffects(
  trx: UnitOfWork,
  accountId: number,
  readings: TemporaryTable<'gateway_readings'>,
): Promise<void> {
  await statement('gateway.openEffects')`
    INSERT INTO gateway_effects (account_id, gateway_event_id, reason)
    SELECT DISTINCT ${accountId}::int, gateway_event_id, '' FROM ${readings} WHERE outcome = 'open'
    ON CONFLICT (account_id, gateway_event_id) DO UPDATE SET outcome = NULL, reason = '', detail = NULL
      WHERE gateway_effects.outcome = 'dead'`.execute(trx);
  await statement('gateway.openEffects.close')`
    DELETE FROM gateway_effects x USING ${readings} r
    WHERE x.account_id = ${accountId} AND x.gateway_event_id = r.gateway_event_id AND r.outcome IS DISTINCT FROM 'open'
      AND (x.outcome IS NULL OR x.outcome = 'dead')`.execute(trx);
}

/** Has what died of one of these reasons tried again, what was tried longest ago first. */
export async function reopenEffects(
  trx: UnitOfWork,
  accountId: number,
  {
    reasons,
    triedBefore,
    limit,
  }: { readonly reasons: readonly string[]; readonly triedBefore: Temporal.Instant; readonly limit: number },
): Promise<void> {
  await statement('gateway.reopenEffects')`
    UPDATE gateway_effects x SET outcome = NULL, reason = '', detail = NULL
    FROM (SELECT gateway_event_id FROM gateway_effects
          WHERE account_id = ${accountId} AND outcome = 'dead' AND reason = ANY (${[...reasons]}::text[]) AND tried_at < ${triedBefore}
          ORDER BY tried_at, gateway_event_id LIMIT ${limit}) AS chosen
    WHERE x.account_id = ${accountId} AND x.gateway_event_id = chosen.gateway_event_id`.execute(trx);
}

const isLifecycle = sql`e.type = ANY (${[...effectTypes.lifecycle]}::text[])`;

/**
 * Has lifecycle events that died of one of these reasons tried again where another of their subject is to be done: that one
 * would overtake them. Not those that were `tried`.
 */
export async function reopenOvertaken(
  trx: UnitOfWork,
  accountId: number,
  {
    reasons,
    tried,
    held,
    limit,
  }: {
    readonly reasons: readonly string[];
    readonly tried: readonly number[];
    readonly held: readonly string[];
    readonly limit: number;
  },
): Promise<void> {
  await statement('gateway.reopenOvertaken')`
    WITH subjects AS MATERIALIZED (
      SELECT DISTINCT e.subject FROM gateway_effects x JOIN gateway_events e USING (account_id, gateway_event_id)
      WHERE x.account_id = ${accountId} AND x.outcome IS NULL AND ${isLifecycle} AND NOT e.subject = ANY (${[...held]}::text[])
    ), chosen AS (
      SELECT x.gateway_event_id FROM gateway_effects x JOIN gateway_events e USING (account_id, gateway_event_id) JOIN subjects USING (subject)
      WHERE x.account_id = ${accountId} AND x.outcome = 'dead' AND x.reason = ANY (${[...reasons]}::text[]) AND ${isLifecycle}
        AND NOT x.gateway_event_id = ANY (${[...tried]}::bigint[])
      ORDER BY x.tried_at, x.gateway_event_id LIMIT ${limit}
    )
    UPDATE gateway_effects x SET outcome = NULL, reason = '', detail = NULL
    FROM chosen WHERE x.account_id = ${accountId} AND x.gateway_event_id = chosen.gateway_event_id`.execute(trx);
}

/** An event that is still to do something. */
export interface OpenEffect {
  readonly number: number;
  /** Whose lifecycle it is of; null: of none. */
  readonly subject: string | null;
}

/**
 * Open effects of a source: payments in the order in which they came, then lifecycle events, of each subject in the order of
 * their sequence or time. One without a sequence stands behind those with one that were not later. `failed` and those of the
 * subjects `held` are left out.
 */
export async function selectOpenEffects(
  db: Queryable,
  accountId: number,
  {
    failed,
    held,
    limit,
  }: { readonly failed: readonly number[]; readonly held: readonly string[]; readonly limit: number },
): Promise<OpenEffect[]> {
  const { rows } = await statement<OpenEffect>('gateway.selectOpenEffects')`
    WITH open AS (
      SELECT x.gateway_event_id AS number, CASE WHEN ${isLifecycle} THEN coalesce(e.subject, '') END AS subject,
             e.event_time + coalesce(d.shift, '0') AS time,
             CASE WHEN scalar_text(e.attributes -> 'sequence') ~ '^[0-9]{1,40}$' THEN scalar_text(e.attributes -> 'sequence')::numeric END AS sequence
      FROM gateway_effects x JOIN gateway_events e USING (account_id, gateway_event_id)
      LEFT JOIN gateway_decisions d USING (account_id, gateway_event_id)
      WHERE x.account_id = ${accountId} AND x.outcome IS NULL AND NOT x.gateway_event_id = ANY (${[...failed]}::bigint[])
    ), placed AS (
      SELECT number, subject, sequence,
             CASE WHEN sequence IS NULL THEN time ELSE max(time) OVER (PARTITION BY subject, sequence IS NULL ORDER BY sequence) END AS reached
      FROM open WHERE subject IS NULL OR NOT subject = ANY (${[...held]}::text[])
    )
    SELECT number, subject FROM placed
    ORDER BY subject NULLS FIRST, CASE WHEN subject IS NOT NULL THEN reached END, sequence NULLS LAST, number LIMIT ${limit}`.execute(
    db,
  );
  return rows;
}

/** Whether anything of a source is still to be done. */
export async function selectHasOpen(db: Queryable, accountId: number): Promise<boolean> {
  const { rows } = await statement<{ open: boolean }>('gateway.selectHasOpen')`
    SELECT EXISTS (SELECT FROM gateway_effects WHERE account_id = ${accountId} AND outcome IS NULL) AS open`.execute(
    db,
  );
  return rows[0]?.open ?? false;
}

/** What an event that is to do something says. Values that are no text, number or truth value are null. */
export interface EffectEvent {
  readonly number: number;
  readonly type: string;
  readonly subject: string | null;
  readonly time: Temporal.Instant;
  /** Its attribute `sequence`; null: none. */
  readonly sequence: string | null;
  readonly provider: string | null;
  readonly payment: string | null;
  /** Ids of what was given back, or tried. */
  readonly refund: string | null;
  readonly dispute: string | null;
  readonly attempt: string | null;
  readonly invoice: string | null;
  /** Exactly as it was written; null: none, or no number. */
  readonly amount: string | null;
  readonly currency: string | null;
}

/** Takes an open effect for this transaction; null: it is not open any more. */
export async function claimEffect(trx: UnitOfWork, accountId: number, number: number): Promise<EffectEvent | null> {
  const said = (name: string) => sql`scalar_text(e.data -> ${sql.lit(name)})`;
  const { rows } = await statement<EffectEvent>('gateway.claimEffect')`
    SELECT e.gateway_event_id AS number, e.type, e.subject, e.event_time + coalesce(d.shift, '0') AS time,
           CASE WHEN e.attributes ? 'sequence' THEN coalesce(scalar_text(e.attributes -> 'sequence'), '') END AS sequence,
           ${said('provider')} AS provider, ${said('payment')} AS payment, ${said('refund')} AS refund,
           ${said('dispute')} AS dispute, ${said('attempt')} AS attempt, ${said('invoice')} AS invoice,
           trim_scale(exact_number(e.data -> 'amount'))::text AS amount, ${said('currency')} AS currency
    FROM gateway_effects x JOIN gateway_events e USING (account_id, gateway_event_id)
    LEFT JOIN gateway_decisions d USING (account_id, gateway_event_id)
    WHERE x.account_id = ${accountId} AND x.gateway_event_id = ${number} AND x.outcome IS NULL
    FOR UPDATE OF x`.execute(trx);
  return rows[0] ?? null;
}

/** What came of it. */
export type EffectOutcome =
  | { readonly outcome: 'applied'; readonly fromDay: Temporal.PlainDate | null }
  | { readonly outcome: 'superseded' }
  | { readonly outcome: 'dead'; readonly reason: string; readonly detail: string | null };

/** Writes what came of an effect, where states of events are read as well. Returns whether that is something else than before. */
export async function settleEffect(
  trx: UnitOfWork,
  accountId: number,
  number: number,
  done: EffectOutcome,
  now: Temporal.Instant,
): Promise<boolean> {
  const { reason, detail } = done.outcome === 'dead' ? done : { reason: '', detail: null };
  const fromDay = done.outcome === 'applied' ? done.fromDay : null;
  await statement('gateway.settleEffect')`
    UPDATE gateway_effects SET outcome = ${done.outcome}, reason = ${reason}, detail = ${detail}::text, from_day = ${fromDay}::date,
           tried_at = ${now}
    WHERE account_id = ${accountId} AND gateway_event_id = ${number}`.execute(trx);
  const { numAffectedRows } = await statement('gateway.settleEffect.outcome')`
    INSERT INTO gateway_outcomes (account_id, gateway_event_id, meter_id, outcome, reason)
    VALUES (${accountId}, ${number}, 0, ${done.outcome}, ${reason})
    ON CONFLICT (account_id, gateway_event_id, meter_id) DO UPDATE SET outcome = excluded.outcome, reason = excluded.reason
      WHERE (gateway_outcomes.outcome, gateway_outcomes.reason) <> (excluded.outcome, excluded.reason)`.execute(trx);
  return (numAffectedRows ?? 0n) > 0n;
}

/** Where a deployment's lifecycle stands by a source. */
export interface Lifecycle {
  readonly place: string;
  readonly bySequence: boolean;
  /** The latest of its events. */
  readonly time: Temporal.Instant;
  readonly fromDay: Temporal.PlainDate;
}

/** null: no event of the source has changed it. */
export async function selectLifecycle(
  trx: UnitOfWork,
  accountId: number,
  deployment: string,
): Promise<Lifecycle | null> {
  const { rows } = await statement<Lifecycle>('gateway.selectLifecycle')`
    SELECT place::text AS place, by_sequence AS "bySequence", event_time AS time, from_day AS "fromDay" FROM gateway_lifecycles
    WHERE account_id = ${accountId} AND deployment = ${deployment}`.execute(trx);
  return rows[0] ?? null;
}

export async function upsertLifecycle(
  trx: UnitOfWork,
  accountId: number,
  deployment: string,
  number: number,
  { place, bySequence, time, fromDay }: Lifecycle,
): Promise<void> {
  await statement('gateway.upsertLifecycle')`
    INSERT INTO gateway_lifecycles (account_id, deployment, place, by_sequence, event_time, gateway_event_id, from_day)
    VALUES (${accountId}, ${deployment}, ${place}::numeric, ${bySequence}, ${time}, ${number}, ${fromDay})
    ON CONFLICT (account_id, deployment) DO UPDATE SET
      place = excluded.place, by_sequence = excluded.by_sequence, event_time = greatest(gateway_lifecycles.event_time, excluded.event_time),
      gateway_event_id = excluded.gateway_event_id, from_day = excluded.from_day`.execute(trx);
}

/** What came of an event that does something. */
export interface EffectRow {
  /** null: still to be done. */
  readonly outcome: EffectOutcome['outcome'] | null;
  readonly detail: string | null;
  readonly fromDay: Temporal.PlainDate | null;
  readonly triedAt: Temporal.Instant | null;
}

/** null: it does nothing. */
export async function selectEffect(db: Queryable, accountId: number, number: number): Promise<EffectRow | null> {
  const { rows } = await statement<EffectRow>('gateway.selectEffect')`
    SELECT outcome, detail, from_day AS "fromDay", tried_at AS "triedAt" FROM gateway_effects
    WHERE account_id = ${accountId} AND gateway_event_id = ${number}`.execute(db);
  return rows[0] ?? null;
}

/** Sources with open effects, or with some that died of one of these reasons, by name. */
export async function selectWithEffects(db: Queryable, reasons: readonly string[]): Promise<string[]> {
  const { rows } = await statement<{ source: string }>('gateway.selectWithEffects')`
    SELECT a.slug AS source FROM gateway_sources s JOIN inventory_accounts a USING (account_id)
    WHERE EXISTS (SELECT FROM gateway_effects x WHERE x.account_id = s.account_id AND x.outcome IS NULL)
       OR EXISTS (SELECT FROM gateway_effects x WHERE x.account_id = s.account_id AND x.outcome = 'dead' AND x.reason = ANY (${[...reasons]}::text[]))
    ORDER BY 1`.execute(db);
  return rows.map(({ source }) => source);
}
