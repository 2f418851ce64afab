import { api, bodyOf, type Schemas } from '../api/client.ts';
import { useRead } from '../app/reads.ts';
import { quantity, unitOf } from '../ui/decimal.ts';
import { Empty, States } from '../ui/States.tsx';
import { day as dayText, exactMoment, moment, month as monthName, monthsLater } from '../ui/time.ts';
import ui from '../ui/ui.module.css';
import { ToProviderLines } from './CostProof.tsx';
import { AddsUp, Deeper, Rung } from './parts.tsx';
import styles from './proof.module.css';

type Explained = Schemas['ExplainedResource'];
type Interval = Explained['intervals'][number];

interface UsageProofProps {
  readonly deployment: string;
  readonly kind: string;
  readonly month: string;
  readonly now: string;
}

/** What was used of a meter in a month: resources, days, intervals, and what made each of them so. */
export function UsageProof({ deployment, kind, month, now }: UsageProofProps) {
  const proof = useRead(['explainUsage', deployment, kind, month], (signal) =>
    bodyOf(
      api.GET('/deployments/{deployment}/usage/explanation', {
        params: {
          path: { deployment },
          query: { kind, from: `${month}-01`, to: `${monthsLater(month, 1)}-01`, limit: 100 },
        },
        signal,
      }),
    ),
  );
  return (
    <States query={proof} rows={8}>
      {({ items, title, unit, quantity: total, meteredThrough, resourcesTotal, aggregation }) => (
        <>
          <p className={styles.sentence}>
            {quantity(total)} {unitOf(unit, total)} of {title}: {deployment}, {monthName(month)}, metered through{' '}
            {dayText(meteredThrough, now)} (not included).
          </p>
          {items.length === 0 ? <Empty title="Nothing was used." /> : null}
          <Rung title={resourcesTotal === 1 ? '1 resource' : `${resourcesTotal} resources`}>
            {items.map((item) => (
              <ResourcePart key={item.resourceId} item={item} unit={unit} now={now} />
            ))}
            {aggregation === 'sum' ? (
              <AddsUp parts={items.map(({ quantity: part }) => part)} total={total} unit={unit} />
            ) : null}
          </Rung>
          <p>
            <ToProviderLines deployment={deployment} kind={kind} month={month} />
          </p>
        </>
      )}
    </States>
  );
}

function ResourcePart({ item, unit, now }: { readonly item: Explained; readonly unit: string; readonly now: string }) {
  const { name, externalId, quantity: total, days, intervals, more } = item;
  return (
    <details className={styles.part}>
      <summary>
        <span>{name ?? externalId}</span>
        <span title={total}>
          {quantity(total)} <span className={ui.unit}>{unitOf(unit, total)}</span>
        </span>
      </summary>
      <Rung title="Days">
        <ol className={styles.days}>
          {days.map(({ day, quantity: of, observation }) => (
            <li key={day} data-observation={observation ?? 'confirmed'}>
              <span>{dayText(day, now)}</span>
              <span title={of}>{quantity(of)}</span>
              <span className="visually-hidden">{observation === 'carried forward' ? 'estimated' : ''}</span>
            </li>
          ))}
        </ol>
      </Rung>
      <Rung title="Intervals">
        <ul className={styles.intervals}>
          {intervals.map((interval) => (
            <IntervalRow key={interval.from} interval={interval} unit={unit} now={now} />
          ))}
        </ul>
        {more === null ? null : (
          <p className={ui.note}>
            and {more.intervals} more intervals, {quantity(more.quantity)} {unitOf(unit, more.quantity)}
          </p>
        )}
      </Rung>
    </details>
  );
}

function IntervalRow({
  interval,
  unit,
  now,
}: {
  readonly interval: Interval;
  readonly unit: string;
  readonly now: string;
}) {
  const { from, to, level, share, quantity: of, status, source, carriedForwardFrom, cause } = interval;
  return (
    <li>
      <p>
        <strong title={of}>
          {quantity(of)} {unitOf(unit, of)}
        </strong>{' '}
        <span className={ui.note}>
          {moment(from, now)} to {moment(to, now)}: level {quantity(level)}
          {share === null ? '' : `, share ${share}`}
          {status === null ? '' : `, ${status}`}
        </span>
      </p>
      {carriedForwardFrom === null ? null : (
        <p className={ui.note}>Estimated from {exactMoment(carriedForwardFrom)} on: not seen since.</p>
      )}
      {cause === null ? null : (
        <p className={ui.note}>
          {source === null ? '' : `By ${source === 'assumed' ? "the provider's created date" : source}. `}
          {cause.syncRun === null ? null : (
            <Deeper why={`sync:${cause.syncRun.syncRunId}`}>Sync run {cause.syncRun.syncRunId}</Deeper>
          )}
          {cause.action === null ? null : ` Action ${cause.action.actionId}, ${cause.action.type}.`}
          {cause.rule === null ? null : (
            <>
              {' '}
              <Deeper why={`rule:${cause.rule.ruleId}`}>Rule {cause.rule.ruleId}</Deeper> ({cause.rule.kind}).
            </>
          )}
          {cause.assignment === null
            ? null
            : ` Assigned by ${cause.assignment.by}, ${moment(cause.assignment.at, now)}.`}
        </p>
      )}
    </li>
  );
}
