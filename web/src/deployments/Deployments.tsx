import { Link, useSearch } from '@tanstack/react-router';
import { useRead } from '../app/reads.ts';
import styles from '../lists/lists.module.css';
import { Listed, Chip, Csv, SearchField, totalsText } from '../lists/parts.tsx';
import { Band, Empty } from '../ui/States.tsx';
import { month as monthName } from '../ui/time.ts';
import ui from '../ui/ui.module.css';
import { MonthTable } from './MonthTable.tsx';
import { type DeploymentMonths, type DeploymentsSearch, monthsQuery, readMonths, type State, states } from './read.ts';

const words: Readonly<Record<State, string>> = { active: 'Active', paused: 'Paused', no_plan: 'On no plan' };

/** How does each deployment stand? */
export function Deployments() {
  const { m, why: _why, ...search } = useSearch({ from: '/deployments' });
  const page = useRead(['listDeploymentMonths', m ?? null, search], (signal) => readMonths(m, search, signal), {
    keepsPrevious: true,
  });
  const { cursor: _cursor, ...query } = monthsQuery(m, search);
  return (
    <div className={styles.page}>
      <header className={styles.head}>
        <div>
          <h1 tabIndex={-1}>{page.data === undefined ? 'Deployments' : sentenceOf(page.data)}</h1>
          <p className={ui.note}>{page.data === undefined ? '' : `${monthName(page.data.month)}, before tax`}</p>
        </div>
        <Csv path="/deployment-months" query={query} file="deployments" />
      </header>
      <div className={styles.tools}>
        <SearchField q={search.q} label="Name, slug or customer" />
        <Chip name="state" value={undefined} chosen={search.state}>
          All
        </Chip>
        {states.map((state) => (
          <Chip key={state} name="state" value={state} chosen={search.state}>
            {words[state]}
          </Chip>
        ))}
        {search.plan === undefined ? null : (
          <Chip name="plan" value={undefined} chosen="">
            Plan {search.plan} ×
          </Chip>
        )}
      </div>
      <Listed query={page} cursor={search.cursor} rows={16} empty={<NoDeployments search={search} />}>
        {(data) => (
          <>
            {data.ratedAt === null ? <Band>This month has not been rated: its amounts are not known.</Band> : null}
            <MonthTable page={data} search={search} m={m} />
          </>
        )}
      </Listed>
    </div>
  );
}

/** The first line: how many, and what they come to. */
function sentenceOf({ total, totals }: DeploymentMonths): string {
  const what = `${total} ${total === 1 ? 'deployment' : 'deployments'}`;
  return totals.length === 0 ? `${what}, nothing due.` : `${what}: ${totalsText(totals)}.`;
}

function NoDeployments({ search: { q, customer, plan, state } }: { readonly search: DeploymentsSearch }) {
  if ([q, customer, plan, state].every((each) => each === undefined))
    return (
      <Empty title="There is no deployment yet.">
        <p>Create a customer, then what runs for them:</p>
        <p>
          <code>arcadia customer create</code> <code>arcadia deployment create</code>
        </p>
      </Empty>
    );
  return (
    <Empty title="No deployment matches.">
      <Link to="/deployments" search={({ m }) => (m === undefined ? {} : { m })} className={ui.link}>
        Clear the filters
      </Link>
    </Empty>
  );
}
