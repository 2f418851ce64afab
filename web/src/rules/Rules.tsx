import { Link, useSearch } from '@tanstack/react-router';
import { useState } from 'react';
import { inPeriod } from '../app/address.ts';
import { useRead } from '../app/reads.ts';
import { useMe } from '../app/session.ts';
import { DataTable } from '../lists/DataTable.tsx';
import styles from '../lists/lists.module.css';
import { Listed, Csv, SearchField } from '../lists/parts.tsx';
import { Act } from '../ui/Act.tsx';
import { Empty } from '../ui/States.tsx';
import { moment } from '../ui/time.ts';
import ui from '../ui/ui.module.css';
import { readRules, type Rules as Page } from './read.ts';
import { AddRuleSheet, EndRuleSheet } from './RuleSheet.tsx';

/** By which rules is a resource somebody's, and which of them is asked first? */
export function Rules() {
  const { m: _month, why: _why, ...search } = useSearch({ from: '/rules' });
  const { data: me } = useMe();
  const [isAdding, setAdding] = useState(false);
  const page = useRead(['listRules', search], (signal) => readRules(search, signal), { keepsPrevious: true });
  return (
    <div className={styles.page}>
      <header className={styles.head}>
        <div>
          <h1 tabIndex={-1}>{page.data === undefined ? 'Rules' : sentenceOf(page.data)}</h1>
          <p className={ui.note}>The first that finds an owner wins. A rule that changed over time has several rows.</p>
        </div>
        <Csv path="/rules" query={{ q: search.q }} file="rules" />
      </header>
      <div className={styles.tools}>
        <SearchField q={search.q} label="Pattern, project or deployment" />
        <Act operation="addRule" needs="operator" onAct={() => setAdding(true)}>
          Add a rule
        </Act>
        <code className={`${ui.mono} ${ui.note}`}>arcadia rule preview rules.yaml</code>
      </div>
      <Listed
        query={page}
        cursor={search.cursor}
        rows={12}
        empty={
          <Empty title="No rule matches.">
            <Link to="/rules" search={inPeriod({})} className={ui.link}>
              Clear the filters
            </Link>
          </Empty>
        }
      >
        {(data) => <RuleTable items={data.items} now={me?.now ?? ''} />}
      </Listed>
      {isAdding ? <AddRuleSheet onClose={() => setAdding(false)} /> : null}
    </div>
  );
}

function sentenceOf({ total }: Page): string {
  return `${total} ${total === 1 ? 'rule' : 'rules'}, in the order in which they are tried.`;
}

function RuleTable({ items, now }: { readonly items: Page['items']; readonly now: string }) {
  const [ended, setEnded] = useState<{ readonly rule: number; readonly name: string } | null>(null);
  return (
    <>
      <DataTable label="Rules" isCards>
        <thead>
          <tr>
            <th scope="col">Rule</th>
            <th scope="col">What it matches</th>
            <th scope="col">Owner</th>
            <th scope="col">Kinds</th>
            <th scope="col">From</th>
            <th scope="col">To</th>
            <th scope="col">
              <span className="visually-hidden">Actions</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {items.map(({ ruleId, kind, origin, pattern, project, projectName, owners, resourceKinds, from, to }) => (
            <tr key={`${ruleId} ${from}`} data-row="">
              <th scope="row">
                <Link
                  to="."
                  search={(before) => ({ ...before, why: `rule:${ruleId}` })}
                  className={styles.name}
                  data-figure=""
                >
                  {ruleId}, {kind.replaceAll('_', ' ')}
                </Link>
                {origin === 'declared' ? null : <span className={ui.note}> {origin}</span>}
              </th>
              <td>{pattern ?? projectName ?? project ?? '–'}</td>
              <td>
                {owners === null
                  ? 'found by the rule itself'
                  : owners
                      .map(({ deployment, weight }) => (owners.length === 1 ? deployment : `${deployment} ${weight}`))
                      .join(', ')}
              </td>
              <td className={styles.spare}>{resourceKinds === null ? 'all' : resourceKinds.join(', ')}</td>
              <td className={styles.spare}>{from === null ? '–' : moment(from, now)}</td>
              <td className={styles.spare}>{to === null ? '–' : moment(to, now)}</td>
              <td className={styles.rowActs}>
                {origin !== 'built in' && to === null ? (
                  <Act
                    operation="removeRule"
                    needs="operator"
                    label={`End rule ${ruleId}`}
                    onAct={() => setEnded({ rule: ruleId, name: pattern ?? projectName ?? project ?? kind })}
                  >
                    End
                  </Act>
                ) : null}
              </td>
            </tr>
          ))}
        </tbody>
      </DataTable>
      {ended === null ? null : <EndRuleSheet {...ended} onClose={() => setEnded(null)} />}
    </>
  );
}
