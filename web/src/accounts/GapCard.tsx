import { useState } from 'react';
import { useRead } from '../app/reads.ts';
import { useMe } from '../app/session.ts';
import { DataTable } from '../lists/DataTable.tsx';
import styles from '../lists/lists.module.css';
import { Act } from '../ui/Act.tsx';
import { money } from '../ui/decimal.ts';
import { Money, Unknown } from '../ui/Figure.tsx';
import { States } from '../ui/States.tsx';
import { moment, month as monthName } from '../ui/time.ts';
import ui from '../ui/ui.module.css';
import { ConfirmSheet } from './ConfirmSheet.tsx';
import own from './accounts.module.css';
import { type Gap, type Gaps, readGaps } from './read.ts';
import { kindName } from './words.ts';

const amountsShown = 3;

/** When nobody saw, what was estimated over it, and what that costs customers. */
export function GapCard({ account, month }: { readonly account: string; readonly month: string }) {
  const gaps = useRead(['getUsageGaps', account, month], (signal) => readGaps(account, month, signal));
  const [confirmed, setConfirmed] = useState<Gap | null>(null);
  return (
    <section className={`${ui.card} ${styles.card}`} aria-labelledby="gaps">
      <div className={ui.cardHead}>
        <h2 id="gaps">Gaps in {monthName(month)}</h2>
      </div>
      <States query={gaps} rows={3}>
        {(found) => <Found found={found} onConfirm={setConfirmed} />}
      </States>
      {confirmed === null ? null : <ConfirmSheet gap={confirmed} onClose={() => setConfirmed(null)} />}
    </section>
  );
}

function Found({ found, onConfirm }: { readonly found: Gaps; readonly onConfirm: (gap: Gap) => void }) {
  const { data: me } = useMe();
  const { gaps, totals, unlisted } = found;
  const now = me?.now ?? found.from;
  const cost = totals.map(({ currency, amount }) => `${money(amount)} ${currency}`).join(' and ');
  return (
    <>
      <div className={ui.cardBody}>
        <p>
          {gaps.length === 0
            ? 'Nothing was estimated: every kind was seen in time.'
            : `${gaps.length} ${gaps.length === 1 ? 'gap' : 'gaps'}. What was estimated over ${
                gaps.length === 1 ? 'it' : 'them'
              } costs customers ${cost === '' ? 'nothing' : cost} in all.`}
        </p>
        {unlisted.map(({ resourceKind, resources, since }) => (
          <p key={resourceKind} className={styles.wrong}>
            ▲ {resources} {kindName(resourceKind)} shown by projects and by no listing since {moment(since, now)}: what
            they use is not metered.
          </p>
        ))}
      </div>
      {gaps.length === 0 ? null : <GapTable gaps={gaps} now={now} onConfirm={onConfirm} />}
    </>
  );
}

interface GapTableProps {
  readonly gaps: Gaps['gaps'];
  readonly now: string;
  readonly onConfirm: (gap: Gap) => void;
}

function GapTable({ gaps, now, onConfirm }: GapTableProps) {
  return (
    <DataTable label="Gaps">
      <thead>
        <tr>
          <th scope="col">Kind</th>
          <th scope="col">From</th>
          <th scope="col">To</th>
          <th scope="col">Estimated until</th>
          <th scope="col" className={styles.figure}>
            Resources
          </th>
          <th scope="col">Costs customers</th>
          <th scope="col">
            <span className="visually-hidden">Actions</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {gaps.map((gap) => (
          <tr key={`${gap.resourceKind} ${gap.from}`} data-row="">
            <th scope="row">{kindName(gap.resourceKind)}</th>
            <td>{moment(gap.from, now)}</td>
            <td>{gap.to === null ? 'open' : moment(gap.to, now)}</td>
            <td className={gap.beyondLimit ? styles.wrong : undefined}>
              {moment(gap.limit, now)}
              {gap.beyondLimit ? ', over' : ''}
            </td>
            <td className={styles.figure}>{gap.resources}</td>
            <td className={styles.wide}>
              <Amounts gap={gap} />
            </td>
            <td className={styles.rowActs}>
              <Act
                operation="confirmUsage"
                needs="operator"
                label={`Confirm manually: ${kindName(gap.resourceKind)}`}
                onAct={() => onConfirm(gap)}
              >
                Confirm manually
              </Act>
            </td>
          </tr>
        ))}
      </tbody>
    </DataTable>
  );
}

function Amounts({ gap: { amounts, resources } }: { readonly gap: Gap }) {
  if (amounts.length === 0) return <>{resources === 0 ? '–' : 0}</>;
  return (
    <ul className={own.scopes}>
      {amounts.slice(0, amountsShown).map(({ deployment, plan, currency, amount }) => (
        <li key={deployment}>
          {deployment}:{' '}
          {amount !== null ? (
            <Money amount={amount} currency={currency ?? ''} />
          ) : plan === null ? (
            '– (on no plan)'
          ) : (
            <Unknown reason="It cannot be rated." />
          )}
        </li>
      ))}
      {amounts.length > amountsShown ? <li>and {amounts.length - amountsShown} deployments more</li> : null}
    </ul>
  );
}
