import type { UseQueryResult } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { DataTable } from '../lists/DataTable.tsx';
import styles from '../lists/lists.module.css';
import { Empty, States } from '../ui/States.tsx';
import { grouped } from '../ui/decimal.ts';
import ui from '../ui/ui.module.css';
import { GroupMonthly, SeverityMark, Whose } from './Parts.tsx';
import type { Group, Groups } from './read.ts';
import { type DriftSearch, filters } from './search.ts';
import { categoryWords, ruleText } from './words.ts';

interface GroupTableProps {
  readonly query: UseQueryResult<Groups, Error>;
  readonly search: DriftSearch;
}

/** A row for each rule of a deployment that found something; it opens to each of them. */
export function GroupTable({ query, search }: GroupTableProps) {
  return (
    <States query={query} rows={10}>
      {({ items }) =>
        items.length === 0 ? (
          <NoFindings search={search} />
        ) : (
          <DataTable label="Unexpected changes by deployment" isCards>
            <thead>
              <tr>
                <th scope="col">What</th>
                <th scope="col" className={styles.figure}>
                  A month
                </th>
                <th scope="col">Deployment</th>
                <th scope="col">Severity</th>
                <th scope="col" className={styles.figure}>
                  How many
                </th>
              </tr>
            </thead>
            <tbody>
              {items.map((group) => (
                <Row key={`${group.deployment} ${group.rule}`} group={group} />
              ))}
            </tbody>
          </DataTable>
        )
      }
    </States>
  );
}

function Row({ group }: { readonly group: Group }) {
  const { deployment, rule, category, severity, findings } = group;
  return (
    <tr data-row="">
      <th scope="row">
        <Link
          to="."
          search={(before) => ({ ...before, tab: 'each' as const, rule, deployment: deployment ?? 'unattributed' })}
          className={styles.name}
        >
          {ruleText(rule)}
        </Link>{' '}
        <span className={ui.note}>{categoryWords[category].toLowerCase()}</span>
      </th>
      <td className={styles.figure}>
        <GroupMonthly {...group} />
      </td>
      <td>
        <Whose deployment={deployment} />
      </td>
      <td className={styles.aside}>
        <SeverityMark severity={severity} />
      </td>
      <td className={styles.figure}>{grouped(String(findings))}</td>
    </tr>
  );
}

/** Nothing differs, nothing matches, or nothing was decided: each with what to do next. */
export function NoFindings({ search }: { readonly search: DriftSearch }) {
  const isFiltered = [...filters, 'q', 'severity', 'category'].some((name) => name in search);
  if (isFiltered)
    return (
      <Empty title="No unexpected change matches.">
        <Link to="/drift" search={search.tab === undefined ? {} : { tab: search.tab }} className={ui.link}>
          Clear the filters
        </Link>
      </Empty>
    );
  if (search.decided !== undefined)
    return (
      <Empty title={`Nothing is ${search.decided}.`}>
        <p>
          {search.decided === 'ignored'
            ? 'What is to be left as it is can be ignored until a day, with the reason.'
            : 'What is known can be acknowledged; it is open again where another value appears.'}
        </p>
      </Empty>
    );
  return (
    <Empty title="Nothing differs, and nothing is exposed, unprotected, idle or left behind.">
      <p>
        Only what is declared is compared. Declare what a deployment consists of, and every change of it appears here,
        once, with what it costs.
      </p>
      <Link to="/drift" search={{ tab: 'declarations' }} className={ui.link}>
        Show declarations
      </Link>
    </Empty>
  );
}
