import { Link, useSearch } from '@tanstack/react-router';
import { useState } from 'react';
import { inPeriod } from '../app/address.ts';
import { useMe } from '../app/session.ts';
import { DataTable } from '../lists/DataTable.tsx';
import styles from '../lists/lists.module.css';
import { Chip, FilterSelect, Listed, SearchField } from '../lists/parts.tsx';
import { Act } from '../ui/Act.tsx';
import { Empty } from '../ui/States.tsx';
import { exactMoment, moment } from '../ui/time.ts';
import ui from '../ui/ui.module.css';
import { BlueprintSheet } from './BlueprintSheet.tsx';
import { RolloutState } from './Parts.tsx';
import { ProposalTable } from './ProposalTable.tsx';
import { Protections } from './Protections.tsx';
import own from './provisioning.module.css';
import { type Blueprint, type Rollout, useBlueprints, useProposals, useRollouts } from './read.ts';
import { type ProvisioningSearch, rolloutStates, type Tab } from './search.ts';
import { plural, purposeWords, rolloutWords } from './words.ts';

const tabWords: readonly (readonly [Tab | undefined, string])[] = [
  [undefined, 'Proposals'],
  ['rollouts', 'Rollouts'],
  ['blueprints', 'Blueprints'],
  ['protections', 'Protected'],
];

interface PartProps {
  readonly search: ProvisioningSearch;
}

/** What is to be created, changed or destroyed, how far it is, and from what it is made. */
export function Provisioning() {
  const { m: _month, why: _why, ...search } = useSearch({ from: '/provisioning' });
  switch (search.tab) {
    case undefined:
      return <Proposals search={search} />;
    case 'rollouts':
      return <Rollouts search={search} />;
    case 'blueprints':
      return <Blueprints search={search} />;
    case 'protections':
      return (
        <div className={styles.page}>
          <Protections search={search} head={(title) => <Head title={title} tab="protections" />} />
        </div>
      );
  }
}

interface HeadProps {
  readonly title: string;
  readonly tab: Tab | undefined;
}

/** What there is of what is listed, what can be begun here, and the way to the other lists. */
function Head({ title, tab }: HeadProps) {
  return (
    <>
      <header className={styles.head}>
        <div>
          <h1 tabIndex={-1}>{title}</h1>
          <p className={ui.note}>
            A proposal says what would be done and what it costs. A rollout does what an approved one says, once.
          </p>
        </div>
        <div className={styles.tools}>
          <Link to="/provisioning/new" search={inPeriod({})} className={`${ui.button} ${ui.primary}`}>
            New deployment
          </Link>
        </div>
      </header>
      <div className={styles.tools} role="group" aria-label="What is listed">
        {tabWords.map(([each, text]) => (
          <Link
            key={text}
            to="/provisioning"
            search={inPeriod(each === undefined ? {} : { tab: each })}
            className={styles.chip}
            data-chosen={each === tab}
            aria-current={each === tab ? 'true' : 'false'}
          >
            {text}
          </Link>
        ))}
      </div>
    </>
  );
}

function countText(total: number | undefined, one: string): string {
  if (total === 0) return `No ${one}s`;
  return total === undefined ? `${one[0]?.toUpperCase()}${one.slice(1)}s` : `${plural(total, one)}.`;
}

function Proposals({ search }: PartProps) {
  const { q, cursor, deployment } = search;
  const { data: me } = useMe();
  const page = useProposals({ q, cursor, deployment });
  const isFiltered = q !== undefined || deployment !== undefined;
  return (
    <div className={styles.page}>
      <Head title={countText(page.data?.total, 'proposal')} tab={undefined} />
      <div className={styles.tools}>
        <SearchField q={q} label="Deployment or person" />
        {deployment === undefined ? null : (
          <Chip name="deployment" value={undefined} chosen="">
            {deployment} ×
          </Chip>
        )}
      </div>
      <Listed
        query={page}
        cursor={cursor}
        rows={12}
        empty={
          isFiltered ? (
            <Empty title="No matching proposals." />
          ) : (
            <Empty title="Nothing is proposed yet.">
              <p>
                A new deployment is proposed from a blueprint; changing one and taking one down is proposed on the
                deployment's own page. Nothing is written to the provider by proposing.
              </p>
              <Link to="/provisioning/new" search={inPeriod({})} className={ui.link}>
                Propose a new deployment
              </Link>
            </Empty>
          )
        }
      >
        {({ items }) => <ProposalTable items={items} now={me?.now ?? ''} />}
      </Listed>
    </div>
  );
}

function Rollouts({ search }: PartProps) {
  const { q, cursor, state } = search;
  const { data: me } = useMe();
  const page = useRollouts({ q, cursor, state });
  const isFiltered = q !== undefined || state !== undefined;
  return (
    <div className={styles.page}>
      <Head title={countText(page.data?.total, 'rollout')} tab="rollouts" />
      <div className={styles.tools}>
        <SearchField q={q} label="Deployment, account or proposal" />
        <FilterSelect
          label="State"
          name="state"
          value={state}
          values={rolloutStates.map((each) => [each, rolloutWords[each]] as const)}
        />
      </div>
      <Listed
        query={page}
        cursor={cursor}
        rows={12}
        empty={
          isFiltered ? (
            <Empty title="No matching rollouts." />
          ) : (
            <Empty title="Nothing was rolled out yet.">
              <p>A rollout begins from an approved proposal. The account needs a write token for it:</p>
              <code>arcadia account grant ACCOUNT</code>
            </Empty>
          )
        }
      >
        {({ items }) => <RolloutTable items={items} now={me?.now ?? ''} />}
      </Listed>
    </div>
  );
}

function RolloutTable({ items, now }: { readonly items: readonly Rollout[]; readonly now: string }) {
  return (
    <DataTable label="Rollouts" isCards>
      <thead>
        <tr>
          <th scope="col">Rollout</th>
          <th scope="col">State</th>
          <th scope="col" className={styles.figure}>
            Steps done
          </th>
          <th scope="col">Account</th>
          <th scope="col">Begun</th>
          <th scope="col">Last change</th>
        </tr>
      </thead>
      <tbody>
        {items.map((one) => (
          <tr key={one.rollout} data-row="">
            <th scope="row">
              <Link
                to="/rollouts/$rollout"
                params={{ rollout: String(one.rollout) }}
                search={inPeriod({})}
                className={styles.name}
              >
                {one.rollout}: {purposeWords[one.purpose].toLowerCase()} {one.deployment}
              </Link>
            </th>
            <td title={one.reason ?? undefined}>
              <RolloutState state={one.state} />
            </td>
            <td className={styles.figure}>
              {one.done} of {one.steps}
            </td>
            <td className={styles.spare}>{one.account}</td>
            <td className={styles.spare} title={exactMoment(one.begunAt)}>
              {moment(one.begunAt, now)} <span className={ui.note}>{one.begunBy}</span>
            </td>
            <td className={styles.spare} title={exactMoment(one.changedAt)}>
              {moment(one.changedAt, now)}
            </td>
          </tr>
        ))}
      </tbody>
    </DataTable>
  );
}

function Blueprints({ search }: PartProps) {
  const { q, cursor } = search;
  const { data: me } = useMe();
  const page = useBlueprints({ q, cursor });
  const [sheet, setSheet] = useState<'from' | 'text' | null>(null);
  return (
    <div className={styles.page}>
      <Head title={countText(page.data?.total, 'blueprint')} tab="blueprints" />
      <div className={styles.tools}>
        <SearchField q={q} label="Name" />
        <Act operation="writeBlueprintFrom" needs="staff" onAct={() => setSheet('from')}>
          Write from a deployment
        </Act>
        <Act operation="applyBlueprint" needs="operator" onAct={() => setSheet('text')}>
          Apply a blueprint
        </Act>
      </div>
      <Listed
        query={page}
        cursor={cursor}
        rows={8}
        empty={
          q === undefined ? (
            <Empty title="No blueprints yet.">
              <p>
                A blueprint says what a deployment consists of. Write one from a deployment that is there, or apply a
                file of your own.
              </p>
            </Empty>
          ) : (
            <Empty title="No matching blueprints." />
          )
        }
      >
        {({ items }) => <BlueprintTable items={items} now={me?.now ?? ''} />}
      </Listed>
      {sheet === null ? null : <BlueprintSheet isFrom={sheet === 'from'} onClose={() => setSheet(null)} />}
    </div>
  );
}

function BlueprintTable({ items, now }: { readonly items: readonly Blueprint[]; readonly now: string }) {
  return (
    <DataTable label="Blueprints" isCards>
      <thead>
        <tr>
          <th scope="col">Blueprint</th>
          <th scope="col">Version</th>
          <th scope="col">Parameters</th>
          <th scope="col">Plan</th>
          <th scope="col">Applied</th>
          <th scope="col">
            <span className="visually-hidden">What can be done</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {items.map(({ blueprint, version, parameters, plan, appliedAt, appliedBy }) => (
          <tr key={blueprint} data-row="">
            <th scope="row">
              <Link to="/blueprints/$blueprint" params={{ blueprint }} search={inPeriod({})} className={styles.name}>
                {blueprint}
              </Link>
            </th>
            <td>version {version}</td>
            <td className={`${styles.spare} ${own.says}`}>
              {parameters.length === 0 ? 'none' : parameters.join(', ')}
            </td>
            <td className={styles.spare}>{plan ?? 'none'}</td>
            <td className={styles.spare} title={exactMoment(appliedAt)}>
              {moment(appliedAt, now)} <span className={ui.note}>{appliedBy}</span>
            </td>
            <td className={styles.rowActs}>
              <Link to="/provisioning/new" search={inPeriod({ blueprint })} className={ui.link}>
                New deployment from this
              </Link>
            </td>
          </tr>
        ))}
      </tbody>
    </DataTable>
  );
}
