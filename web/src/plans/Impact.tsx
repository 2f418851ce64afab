import { Link } from '@tanstack/react-router';
import styles from '../lists/lists.module.css';
import { MovedTable } from '../lists/parts.tsx';
import { isNegative, isZero, money } from '../ui/decimal.ts';
import { Band } from '../ui/States.tsx';
import { month as monthName } from '../ui/time.ts';
import ui from '../ui/ui.module.css';
import type { PlanChange } from './read.ts';

const statuses: Readonly<Record<PlanChange['status'], string>> = {
  unchanged: 'Nothing differs.',
  new_plan: 'A new plan.',
  new_version: 'A new version',
  edited: 'A version that is not in use yet is replaced.',
};

type Compared = NonNullable<PlanChange['impact']>['months'][number]['sum'];

const moved = ({ difference }: Compared, currency: string) =>
  `${isNegative(difference) ? '' : '+'}${money(difference)} ${currency}`;

/** What applying would do, for a button: `12 deployments, +34.00 USD in June 2026`. */
export function impactWords(changes: readonly PlanChange[]): string {
  const parts = changes.map(({ status, plan, from, impact }) => {
    if (status === 'unchanged') return 'nothing';
    if (impact === null || impact.deployments + impact.bills.length === 0)
      return `${plan} from ${from}, for nobody yet`;
    const bills = impact.bills.map(({ month, sum }) => `${moved(sum, impact.currency)} in ${monthName(month)}`);
    const whom = impact.deployments === 1 ? '1 deployment' : `${impact.deployments} deployments`;
    return `${whom}, ${bills.length === 0 ? `no bill up to now, from ${from}` : bills.slice(-2).join(', ')}`;
  });
  return parts.join('; ');
}

/** What a file changes: differences, warnings, and money for whom. */
export function Impact({ change }: { readonly change: PlanChange }) {
  const { plan, from, status, comparedWith, differences, warnings, impact } = change;
  return (
    <>
      <p>
        <strong>{plan}</strong>: {statuses[status]}
        {status === 'new_version' ? ` from ${from}, compared with that from ${comparedWith ?? 'before'}.` : ''}
      </p>
      {warnings.map(({ code, message, path }) => (
        <Band key={`${code} ${path.join('.')}`}>{message}</Band>
      ))}
      {differences.length === 0 || status === 'new_plan' ? null : (
        <div className={styles.scroll} role="region" aria-label="Differences" tabIndex={0}>
          <table className={styles.table}>
            <thead>
              <tr>
                <th scope="col">What</th>
                <th scope="col" className={styles.figure}>
                  Before
                </th>
                <th scope="col" className={styles.figure}>
                  After
                </th>
              </tr>
            </thead>
            <tbody>
              {differences.map(({ what, before, after }) => (
                <tr key={what}>
                  <th scope="row">{what}</th>
                  <td className={styles.figure}>{before ?? '–'}</td>
                  <td className={styles.figure}>{after ?? '–'}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {impact === null ? null : <Money impact={impact} />}
    </>
  );
}

function Money({ impact }: { readonly impact: NonNullable<PlanChange['impact']> }) {
  const { currency, deployments, months, most, bills } = impact;
  if (deployments + bills.length === 0) return <p>No deployment is on it: it changes nothing for anybody.</p>;
  return (
    <>
      <ImpactTable
        currency={currency}
        caption={`Bills that become others (${currency}, before tax)`}
        rows={bills.map(({ month, complete, deployments: some, sum }) => ({
          name: `${monthName(month)}${complete ? '' : ' so far'}, ${some} ${some === 1 ? 'deployment' : 'deployments'}`,
          sum,
        }))}
      />
      {bills.length === 0 ? <p>No bill up to now becomes another.</p> : null}
      <ImpactTable
        currency={currency}
        caption="As if it had held: all who are on it"
        rows={months.map(({ month, complete, sum }) => ({
          name: `${monthName(month)}${complete ? '' : ' so far'}`,
          sum,
        }))}
      />
      <ImpactTable
        currency={currency}
        caption={`Hit most, ${monthName(months[0]?.month ?? '')}`}
        rows={most.flatMap(({ deployment, months: own }) => {
          const [sum] = own;
          return sum === undefined || isZero(sum.difference) ? [] : [{ name: deployment, deployment, sum }];
        })}
      />
    </>
  );
}

interface ImpactTableProps {
  readonly caption: string;
  readonly currency: string;
  readonly rows: readonly { readonly name: string; readonly deployment?: string; readonly sum: Compared }[];
}

function ImpactTable({ caption, currency, rows }: ImpactTableProps) {
  if (rows.length === 0) return null;
  const linked = (name: string, deployment: string) => (
    <Link to="/deployments/$deployment" params={{ deployment }} target="_blank" className={ui.link}>
      {name}
    </Link>
  );
  return (
    <MovedTable
      caption={caption}
      rows={rows.map(({ name, deployment, sum: { before, after, difference } }) => ({
        key: name,
        name: deployment === undefined ? name : linked(name, deployment),
        currency,
        before,
        after,
        difference,
      }))}
    />
  );
}
