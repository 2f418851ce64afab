import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { inPeriod } from '../app/address.ts';
import { useMe } from '../app/session.ts';
import { ChosenBar } from '../lists/ChosenBar.tsx';
import { DataTable } from '../lists/DataTable.tsx';
import styles from '../lists/lists.module.css';
import { Listed, SortHead } from '../lists/parts.tsx';
import { moment } from '../ui/time.ts';
import ui from '../ui/ui.module.css';
import { Act } from '../ui/Act.tsx';
import { type Decision, DecideSheet } from './DecideSheet.tsx';
import { Filters } from './Filters.tsx';
import { NoFindings } from './GroupTable.tsx';
import { Monthly, SeverityMark, Whose } from './Parts.tsx';
import { type Finding, useCoverage, useFindings } from './read.ts';
import type { DriftSearch } from './search.ts';
import { fieldText, ruleText, sinceText, stateText, valueText } from './words.ts';

const own = { sort: 'severity', order: 'asc' } as const;

/** Each of them, and one decision for several. */
export function Each({ search }: { readonly search: DriftSearch }) {
  const { data: me } = useMe();
  const page = useFindings(search, true);
  const coverage = useCoverage(undefined, page.data?.totals.findings === 0);
  const [chosen, setChosen] = useState<ReadonlyMap<string, Finding>>(new Map());
  const [done, setDone] = useState<string | null>(null);
  const [decided, setDecided] = useState(search.decided);
  if (decided !== search.decided) {
    // What was chosen there cannot be decided about here.
    setDecided(search.decided);
    setChosen(new Map());
    setDone(null);
  }
  const [decision, setDecision] = useState<Decision | null>(null);
  const mayDecide = me?.may.includes('ackFinding') === true;
  const choose = (some: readonly Finding[], isOn: boolean) => {
    const next = new Map(chosen);
    for (const one of some) {
      if (isOn) next.set(one.finding, one);
      else next.delete(one.finding);
    }
    setChosen(next);
  };
  return (
    <>
      <Filters search={search} />
      {done === null ? null : (
        <p role="status" className={ui.note}>
          {done}
        </p>
      )}
      <Listed
        query={page}
        cursor={search.cursor}
        rows={12}
        empty={<NoFindings compared={page.data} search={search} isBlind={coverage.data?.items.length !== 0} />}
      >
        {({ items }) => (
          <FindingTable
            items={items}
            search={search}
            now={me?.now ?? ''}
            chosen={chosen}
            onChoose={mayDecide ? choose : null}
          />
        )}
      </Listed>
      <ChosenBar count={chosen.size} onClear={() => setChosen(new Map())}>
        {(search.decided === undefined ? (['ack', 'ignore'] as const) : (['reopen'] as const)).map((each) => (
          <Act key={each} operation={`${each}Finding`} needs="operator" onAct={() => setDecision(each)}>
            {verbs[each]}
          </Act>
        ))}
      </ChosenBar>
      {decision === null ? null : (
        <DecideSheet
          decision={decision}
          findings={[...chosen.values()]}
          onClose={() => setDecision(null)}
          onDone={(settled, text) => {
            setChosen((before) => new Map([...before].filter(([finding]) => !settled.has(finding))));
            setDone(text);
          }}
        />
      )}
    </>
  );
}

const verbs: Readonly<Record<Decision, string>> = { ack: 'Acknowledge', ignore: 'Ignore', reopen: 'Reopen' };

interface FindingTableProps {
  readonly items: readonly Finding[];
  readonly search: DriftSearch;
  readonly now: string;
  readonly chosen: ReadonlyMap<string, Finding>;
  /** null: whoever looks may not decide. */
  readonly onChoose: ((some: readonly Finding[], isOn: boolean) => void) | null;
}

function FindingTable({ items, search, now, chosen, onChoose }: FindingTableProps) {
  return (
    <DataTable label="Unexpected changes" isCards>
      <thead>
        <tr>
          <SortHead sort="name" search={search} own={own}>
            What
          </SortHead>
          <SortHead sort="monthly" first="desc" isFigure search={search} own={own}>
            A month
          </SortHead>
          <th scope="col">Declared, and what there is</th>
          <th scope="col">Deployment</th>
          <SortHead sort="severity" search={search} own={own}>
            Severity
          </SortHead>
          <SortHead sort="sinceBefore" first="desc" search={search} own={own}>
            Since
          </SortHead>
        </tr>
      </thead>
      <tbody>
        {items.map((finding) => (
          <Row
            key={finding.finding}
            finding={finding}
            now={now}
            isChosen={chosen.has(finding.finding)}
            onChoose={onChoose === null ? null : (isOn) => onChoose([finding], isOn)}
          />
        ))}
      </tbody>
      {onChoose === null ? null : (
        <tfoot>
          <tr>
            <td colSpan={6}>
              <label className={styles.choice}>
                <input
                  type="checkbox"
                  checked={items.every(({ finding }) => chosen.has(finding))}
                  onChange={({ target }) => onChoose(items, target.checked)}
                />
                Choose all {items.length} on this page
              </label>
            </td>
          </tr>
        </tfoot>
      )}
    </DataTable>
  );
}

interface RowProps {
  readonly finding: Finding;
  readonly now: string;
  readonly isChosen: boolean;
  readonly onChoose: ((isOn: boolean) => void) | null;
}

function Row({ finding: one, now, isChosen, onChoose }: RowProps) {
  const { finding, name, field, kind, rule, severity, state, deployment, monthly, currency, parts } = one;
  return (
    <tr data-row="">
      <th scope="row">
        {onChoose === null ? null : (
          <input
            type="checkbox"
            aria-label={`Choose ${name}, ${ruleText(rule)}`}
            checked={isChosen}
            onChange={({ target }) => onChoose(target.checked)}
          />
        )}{' '}
        <Link to="/drift/$finding" params={{ finding }} search={inPeriod({})} className={styles.name}>
          {name}
        </Link>{' '}
        <span className={ui.note}>
          {kind.replaceAll('_', ' ')}
          {parts === 0 ? '' : `, with ${parts} ${parts === 1 ? 'part' : 'parts'}`}
        </span>
      </th>
      <td className={styles.figure}>
        <Monthly amount={monthly} currency={currency} />
      </td>
      <td className={styles.wide}>
        {field === null && one.declared === null ? (
          ruleText(rule)
        ) : (
          <>
            {field === null ? '' : `${fieldText(field)}: `}
            {valueText(one.declared)} <span aria-hidden="true">→</span>
            <span className="visually-hidden">, there is</span> {valueText(one.actual)}
          </>
        )}
      </td>
      <td className={styles.aside}>
        <Whose deployment={deployment} />
      </td>
      <td>
        <SeverityMark severity={severity} />
        {state === 'open' && !one.stale ? null : <span className={ui.note}> {stateText(one, now)}</span>}
      </td>
      <td className={styles.aside} title={sinceText(one, now)}>
        {moment(one.sinceBefore, now)}
      </td>
    </tr>
  );
}
