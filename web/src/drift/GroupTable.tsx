import type { UseQueryResult } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { DataTable } from '../lists/DataTable.tsx';
import styles from '../lists/lists.module.css';
import { Listed } from '../lists/parts.tsx';
import { inPeriod } from '../app/address.ts';
import { Empty } from '../ui/States.tsx';
import { grouped } from '../ui/decimal.ts';
import ui from '../ui/ui.module.css';
import own from './drift.module.css';
import { GroupMonthly, SeverityMark, Whose } from './Parts.tsx';
import type { Group, Groups } from './read.ts';
import type { DriftSearch } from './search.ts';
import { categoryWords, type Compared, isFiltered, noneText, ruleText } from './words.ts';

interface GroupTableProps {
  readonly query: UseQueryResult<Groups, Error>;
  readonly search: DriftSearch;
  readonly isBlind: boolean;
}

/** A row for each rule of a deployment that found something; it opens to each of them. */
export function GroupTable({ query, search, isBlind }: GroupTableProps) {
  return (
    <Listed
      query={query}
      cursor={search.cursor}
      rows={10}
      empty={<NoFindings compared={query.data} search={search} isBlind={isBlind} />}
    >
      {({ items }) => (
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
      )}
    </Listed>
  );
}

function Row({ group }: { readonly group: Group }) {
  const { deployment, rule, category, severity, findings } = group;
  return (
    <tr data-row="">
      <th scope="row">
        <Link
          to="."
          search={({ cursor: _first, ...before }) => ({
            ...before,
            tab: 'each' as const,
            rule,
            deployment: deployment ?? 'unattributed',
          })}
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
      <td className={styles.figure}>
        {grouped(String(findings))}
        <span className={own.onCard}> {findings === 1 ? 'finding' : 'findings'}</span>
      </td>
    </tr>
  );
}

interface NoFindingsProps {
  /** undefined: it is not read. */
  readonly compared: Compared | undefined;
  readonly search: DriftSearch;
  readonly isBlind: boolean;
}

/** Nothing differs, nothing matches, nothing was decided, or nothing was compared: each with what to do next. */
export function NoFindings({ compared, search, isBlind }: NoFindingsProps) {
  if (compared === undefined) return null;
  const title = noneText(compared, search, isBlind);
  if (isFiltered(search))
    return (
      <Empty title={`${title}.`}>
        <Link to="/drift" search={inPeriod(search.tab === undefined ? {} : { tab: search.tab })} className={ui.link}>
          Clear the filters
        </Link>
      </Empty>
    );
  if (search.decided !== undefined)
    return (
      <Empty title={`${title}.`}>
        <p>
          {search.decided === 'ignored'
            ? 'What is to be left as it is can be ignored until a day, with the reason.'
            : 'What is known can be acknowledged; it is open again where another value appears.'}
        </p>
      </Empty>
    );
  const isNever = compared.sweptAt === null;
  const also = `, and nothing${isBlind ? ' of it' : ''} is exposed, unprotected, idle or left behind`;
  return (
    <Empty title={`${title}${isNever ? '' : also}.`}>
      {isNever ? <p>It is compared after each time that an account is read, and every hour.</p> : null}
      <p>
        Only what is declared is compared. Declare what a deployment consists of, and every change of it appears here,
        once, with what it costs.
      </p>
      <Link to="/drift" search={inPeriod({ tab: 'declarations' as const })} className={ui.link}>
        Show declarations
      </Link>
    </Empty>
  );
}
