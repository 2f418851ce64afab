import { Link, useSearch } from '@tanstack/react-router';
import { useChange } from '../app/change.ts';
import { useRead } from '../app/reads.ts';
import styles from '../lists/lists.module.css';
import { Csv } from '../lists/parts.tsx';
import { Act } from '../ui/Act.tsx';
import { Band, Failed } from '../ui/States.tsx';
import ui from '../ui/ui.module.css';
import { CoverageTable } from './CoverageTable.tsx';
import { Declarations } from './Declarations.tsx';
import { Each } from './Each.tsx';
import { Filters } from './Filters.tsx';
import { GroupTable } from './GroupTable.tsx';
import { type Coverage, filterOf, type Group, readCoverage, readGroups, sweep } from './read.ts';
import { RuleList } from './RuleList.tsx';
import type { DriftSearch, Tab } from './search.ts';
import { monthlyText } from './words.ts';

const tabWords: readonly (readonly [Tab | undefined, string])[] = [
  [undefined, 'By deployment'],
  ['each', 'One by one'],
  ['coverage', 'Not seen'],
  ['declarations', 'Declarations'],
  ['rules', 'What counts'],
];

/** What differs from what should be there, since when, and what does it cost? */
export function Drift() {
  const { m: _month, why: _why, ...search } = useSearch({ from: '/drift' });
  return (
    <div className={styles.page}>
      <Head search={search} />
      <div className={styles.tools} role="group" aria-label="What is listed">
        {tabWords.map(([tab, text]) => (
          <Link
            key={text}
            to="/drift"
            search={({ m }) => ({ ...(m === undefined ? {} : { m }), ...(tab === undefined ? {} : { tab }) })}
            className={styles.chip}
            data-chosen={tab === search.tab}
            aria-current={tab === search.tab ? 'true' : 'false'}
          >
            {text}
          </Link>
        ))}
      </div>
      <Part search={search} />
    </div>
  );
}

function Part({ search }: { readonly search: DriftSearch }) {
  switch (search.tab) {
    case undefined:
      return <Groups search={search} />;
    case 'each':
      return <Each search={search} />;
    case 'coverage':
      return <NotSeen />;
    case 'declarations':
      return <Declarations search={search} />;
    case 'rules':
      return <RuleList search={search} />;
  }
}

/** The first line is of what is chosen, by whichever list it is shown. */
function Head({ search }: { readonly search: DriftSearch }) {
  const { tab, sorted: _sorted, direction: _direction, cursor: _cursor, ...chosen } = search;
  const isOfFindings = tab === undefined || tab === 'each';
  const groups = useRead(
    ['listFindingGroups', isOfFindings ? chosen : {}],
    (signal) => readGroups(isOfFindings ? chosen : {}, signal),
    { keepsPrevious: true },
  );
  const change = useChange({ write: (_: null, headers) => sweep(headers) });
  const { category, state, ...query } = filterOf(chosen);
  const csv = { ...query, category: category?.[0], state: state?.[0] };
  return (
    <>
      <header className={styles.head}>
        <div>
          <h1 tabIndex={-1}>{groups.data === undefined ? 'Unexpected changes' : sentenceOf(groups.data.items)}</h1>
          <p className={ui.note}>
            What differs from a declaration, and what is exposed, unprotected, idle or left behind. At list price.
          </p>
        </div>
        <div className={styles.tools}>
          <Act operation="sweepDrift" needs="operator" isBusy={change.state !== 'idle'} onAct={() => change.send(null)}>
            Compare now
          </Act>
          {isOfFindings ? (
            <Csv
              path={tab === 'each' ? '/drift' : '/drift/groups'}
              query={csv}
              file={tab === 'each' ? 'unexpected-changes' : 'unexpected-changes-by-deployment'}
            />
          ) : null}
        </div>
      </header>
      {change.problem === null ? null : <Failed isChange problem={change.problem} onRetry={() => change.send(null)} />}
      {change.answer === null ? null : (
        <p className={ui.note} role="status">
          It is compared within a minute; what is found appears here by itself.
        </p>
      )}
    </>
  );
}

function sentenceOf(groups: readonly Group[]): string {
  const count = groups.reduce((all, { findings }) => all + findings, 0);
  if (count === 0) return 'Nothing differs.';
  const severe = groups.filter(({ severity }) => severity === 'critical' || severity === 'high').length;
  const costs = monthlyText(groups);
  const worst = severe === 0 ? '' : `; ${severe} ${severe === 1 ? 'group is' : 'groups are'} high or critical`;
  return `${count} unexpected ${count === 1 ? 'change' : 'changes'}${costs === '' ? '' : `: ${costs}`}${worst}.`;
}

function Groups({ search }: { readonly search: DriftSearch }) {
  const { tab: _tab, sorted: _sorted, direction: _direction, cursor: _cursor, ...chosen } = search;
  const groups = useRead(['listFindingGroups', chosen], (signal) => readGroups(chosen, signal), {
    keepsPrevious: true,
  });
  const coverage = useRead(['listDriftCoverage'], readCoverage);
  return (
    <>
      <Filters search={search} />
      {coverage.data === undefined ? null : <NotSeenBand coverage={coverage.data} />}
      <GroupTable query={groups} search={search} />
    </>
  );
}

/** What is not seen is not compared: it is said above what was found. */
function NotSeenBand({ coverage: { items, total } }: { readonly coverage: Coverage }) {
  const [first] = items;
  if (first === undefined) return null;
  const what = first.field === null ? first.kind.replaceAll('_', ' ') : `${first.field} of ${first.kind}`;
  const others = total === undefined || total < 2 ? '' : ` And ${total - 1} more.`;
  return (
    <Band>
      <span>
        Not seen, so not compared: {what} in {first.account}, {first.reason}.{others}
      </span>
      <Link to="/drift" search={{ tab: 'coverage' }}>
        Show
      </Link>
    </Band>
  );
}

function NotSeen() {
  const coverage = useRead(['listDriftCoverage'], readCoverage);
  return <CoverageTable query={coverage} />;
}
