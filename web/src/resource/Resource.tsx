import { Link, useParams } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { useMe } from '../app/session.ts';
import { useRead } from '../app/reads.ts';
import { Lanes } from '../charts/Lanes.tsx';
import { OnDemand } from '../lists/OnDemand.tsx';
import { money } from '../ui/decimal.ts';
import { Quantity, Unknown } from '../ui/Figure.tsx';
import { Empty, States } from '../ui/States.tsx';
import { age, day, exactMoment, moment, month as monthName, monthOf, presentInstant } from '../ui/time.ts';
import ui from '../ui/ui.module.css';
import { BillLines } from './BillLines.tsx';
import { eventsOf, type LifeEvent } from './life-events.ts';
import { lanesOf, marksOf, ownersText } from './lanes.ts';
import { type Life, readLife, readSettings, type Settings } from './read.ts';
import styles from './resource.module.css';

/** What is this, whose, since when, and what happened to it? */
export function Resource() {
  const { resource } = useParams({ from: '/resources/$resource' });
  const life = useRead(['getResourceLife', resource], (signal) => readLife(resource, signal));
  const settings = useRead(['getResourceSettings', resource], (signal) => readSettings(resource, signal), {
    enabled: life.data !== undefined,
  });
  const { data: me } = useMe();
  const now = me?.now ?? presentInstant();
  return (
    <States query={life} rows={14} title="Resource">
      {(data) => (
        <div className={styles.page}>
          <Head life={data} now={now} />
          <section className={`${ui.card} ${styles.wide}`} aria-labelledby="lanes">
            <div className={ui.cardHead}>
              <h2 id="lanes">Over time</h2>
              <span className={ui.note}>{seenText(data, now)}</span>
            </div>
            <div className={ui.cardBody}>
              <Lanes
                title={`${nameOf(data)} over time; the list below says the same`}
                lanes={lanesOf(data)}
                marks={marksOf(data)}
                now={now}
              />
            </div>
          </section>
          <div className={styles.main}>
            <UsageCard life={data} now={now} />
            {me?.may.includes('listLinesOfBills') !== true ? null : (
              <OnDemand title="what the provider charged">
                <BillLines resource={data.resourceId} />
              </OnDemand>
            )}
            <HappenedCard events={eventsOf(data)} now={now} />
          </div>
          <div className={styles.side}>
            <FactsCard life={data} now={now} />
            <section className={ui.card} aria-labelledby="settings">
              <div className={ui.cardHead}>
                <h2 id="settings">Settings</h2>
              </div>
              <States query={settings} rows={4}>
                {(found) => <SettingsList settings={found} now={now} />}
              </States>
            </section>
          </div>
          <KnownBefore life={data} now={now} />
        </div>
      )}
    </States>
  );
}

function nameOf({ name, externalId }: Life): string {
  return name === null || name === '' ? externalId : name;
}

function Head({ life, now }: { readonly life: Life; readonly now: string }) {
  const { kind, externalId, resourceId, account, status, costPerMonth, lanes, expectsOwner } = life;
  const owner = lanes.owner.at(-1);
  const state = lanes.state.at(-1);
  const since = state === undefined ? '' : ` since ${day(state.from, now)}`;
  const isOwned = owner !== undefined && owner.owners.length > 0;
  const whose = isOwned ? ` of ${ownersText(owner.owners)}` : expectsOwner ? ' unassigned' : '';
  const cost = costPerMonth === null ? '' : `, about ${money(costPerMonth.amount)} ${costPerMonth.currency} a month`;
  return (
    <header className={styles.head}>
      <h1 tabIndex={-1}>
        {nameOf(life)}: {kind.replaceAll('_', ' ')}
        {whose},{' '}
        {status === null
          ? `ended${state?.to == null ? '' : ` ${day(state.to, now)}`}`
          : `${status || 'there'}${since}${cost}`}
        .
      </h1>
      <p className={ui.note}>
        <span className={ui.mono}>{externalId}</span> in {account} · our id {resourceId}
      </p>
    </header>
  );
}

function seenText({ seen, status }: Life, now: string): string {
  const missed = seen.missed.length === 0 ? '' : `; ${seen.missed.length} listings of its kind were not complete`;
  if (seen.last === null) return `first seen ${moment(seen.first, now)}${missed}`;
  return `${status === null ? 'last seen' : 'seen'} ${age(seen.last, now)} ago${missed}`;
}

interface CardProps {
  readonly life: Life;
  readonly now: string;
}

const monthsShown = 6;

function UsageCard({ life: { usage }, now }: CardProps) {
  const months = [...new Set(usage.map(({ month }) => month))].toSorted().toReversed().slice(0, monthsShown);
  const rows = [...Map.groupBy(usage, ({ deployment, kind }) => `${kind} ${deployment}`).values()];
  return (
    <section className={ui.card} aria-labelledby="usage">
      <div className={ui.cardHead}>
        <h2 id="usage">Usage</h2>
        <span className={ui.note}>by meter, owner and month</span>
      </div>
      {rows.length === 0 ? (
        <Empty title="Nothing was metered of it.">
          <p>No meter counts this kind, or no day of its life is metered yet.</p>
        </Empty>
      ) : (
        <div className={styles.scroll} role="region" aria-label="Usage, as a table" tabIndex={0}>
          <table className={styles.table}>
            <thead>
              <tr>
                <th scope="col">Meter</th>
                {months.map((month) => (
                  <th key={month} scope="col">
                    {monthName(month).slice(0, 3)}
                    {month === monthOf(now) ? ' so far' : ''}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {rows.map((own) => (
                <UsageRow key={`${own[0]?.kind} ${own[0]?.deployment}`} own={own} months={months} />
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}

function UsageRow({ own, months }: { readonly own: Life['usage']; readonly months: readonly string[] }) {
  const [first] = own;
  if (first === undefined) return null;
  const { kind, deployment } = first;
  return (
    <tr data-row="">
      <th scope="row">
        {kind.replaceAll('_', ' ')}
        <span className={ui.note}> {deployment === 'unattributed' ? 'Unassigned' : deployment}</span>
      </th>
      {months.map((month) => {
        const found = own.find((each) => each.month === month);
        return (
          <td key={month}>
            {found === undefined ? (
              '–'
            ) : (
              <Quantity amount={found.quantity} why={`usage:${deployment}/${kind}/${month}`} />
            )}
          </td>
        );
      })}
    </tr>
  );
}

function FactsCard({ life, now }: CardProps) {
  const { lanes, urn, createdAt, seen, relations, costPerMonth, status } = life;
  const size = Object.entries(lanes.size.at(-1)?.size ?? {});
  const there = lanes.tags.at(-1);
  const project = lanes.project.at(-1);
  return (
    <section className={ui.card} aria-labelledby="facts">
      <div className={ui.cardHead}>
        <h2 id="facts">{status === null ? 'As it was last' : 'As it is'}</h2>
      </div>
      <dl className={styles.facts}>
        <Fact name="Cost a month">
          {status === null ? (
            '–'
          ) : costPerMonth === null ? (
            <Unknown reason="Not known: no price of the price book says it alone." />
          ) : (
            <span title={costPerMonth.amount}>
              {money(costPerMonth.amount)} {costPerMonth.currency}
            </span>
          )}
        </Fact>
        {size.length === 0 ? null : (
          <Fact name="Size">{size.map(([name, value]) => sizeText(name, value)).join(', ')}</Fact>
        )}
        <Fact name="Region">{there?.region ?? '–'}</Fact>
        <Fact name="Project">{project === undefined || project.to !== null ? '–' : project.projectName}</Fact>
        <Fact name="Tags">{there === undefined || there.tags.length === 0 ? '–' : there.tags.join(', ')}</Fact>
        <Fact name="Created">{createdAt === null ? '–' : exactMoment(createdAt)}</Fact>
        <Fact name="First seen">{moment(seen.first, now)}</Fact>
        <Fact name="URN">{urn === null ? '–' : <span className={ui.mono}>{urn}</span>}</Fact>
        <Fact name="Belongs to">
          <Related relations={relations.filter(({ direction }) => direction === 'of')} />
        </Fact>
        <Fact name="Has">
          <Related relations={relations.filter(({ direction }) => direction === 'has')} />
        </Fact>
      </dl>
    </section>
  );
}

function sizeText(name: string, value: string): string {
  const units: Readonly<Record<string, string>> = {
    vcpus: 'vCPUs',
    memory_mb: 'MB',
    disk_gb: 'GB disk',
    size_gb: 'GB',
    nodes: 'nodes',
  };
  const unit = units[name];
  return unit === undefined ? value : `${value} ${unit}`;
}

function Fact({ name, children }: { readonly name: string; readonly children: ReactNode }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </>
  );
}

function Related({ relations }: { readonly relations: Life['relations'] }) {
  if (relations.length === 0) return <>–</>;
  return (
    <ul className={styles.related}>
      {relations.map(({ resourceId, kind, name, ended }) => (
        <li key={resourceId}>
          <Link to="/resources/$resource" params={{ resource: String(resourceId) }} className={ui.link}>
            {name}
          </Link>{' '}
          <span className={ui.note}>
            {kind.replaceAll('_', ' ')}
            {ended ? ', ended' : ''}
          </span>
        </li>
      ))}
    </ul>
  );
}

function HappenedCard({ events, now }: { readonly events: readonly LifeEvent[]; readonly now: string }) {
  return (
    <section className={ui.card} aria-labelledby="happened">
      <div className={ui.cardHead}>
        <h2 id="happened">What happened</h2>
        <span className={ui.note}>the newest first</span>
      </div>
      <ol className={styles.happened}>
        {events.map(({ at, what, detail, how, why }, index) => (
          <li key={index} data-row="">
            <time dateTime={at} title={exactMoment(at)}>
              {moment(at, now)}
            </time>
            <span>
              <strong>{what}</strong> {detail}
              <span className={ui.note}>
                {' '}
                {why === null ? (
                  how
                ) : (
                  <Link to="." search={(before) => ({ ...before, why })} className={ui.link} data-figure="">
                    {how}
                  </Link>
                )}
              </span>
            </span>
          </li>
        ))}
      </ol>
    </section>
  );
}

function SettingsList({ settings: { phases }, now }: { readonly settings: Settings; readonly now: string }) {
  const present = phases.at(-1);
  if (present === undefined)
    return (
      <Empty title="No settings are known.">
        <p>Its kind has none that are read, or no listing has shown it since.</p>
      </Empty>
    );
  const { settings, hidden, from } = present;
  const all = Object.entries(settings).toSorted(([one], [other]) => (one < other ? -1 : 1));
  const changes = phases.length - 1;
  return (
    <>
      <SettingFacts settings={all.slice(0, settingsShown)} />
      {all.length <= settingsShown ? null : (
        <details className={styles.more}>
          <summary className={ui.link}>{all.length - settingsShown} more</summary>
          <SettingFacts settings={all.slice(settingsShown)} />
        </details>
      )}
      <p className={`${ui.note} ${styles.foot}`}>
        So since {moment(from, now)}
        {changes === 0 ? '' : `, changed ${changes === 1 ? 'once' : `${changes} times`} before`}.
        {hidden.length === 0 ? '' : ` The token may not see ${hidden.join(', ')}.`}
      </p>
    </>
  );
}

const settingsShown = 10;

function SettingFacts({ settings }: { readonly settings: readonly (readonly [string, unknown])[] }) {
  return (
    <dl className={styles.facts}>
      {settings.map(([name, value]) => (
        <Fact key={name} name={name.replaceAll('_', ' ')}>
          {value === '' ? '–' : typeof value === 'string' ? value : JSON.stringify(value)}
        </Fact>
      ))}
    </dl>
  );
}

/** What was believed of it and is not any more. */
function KnownBefore({ life: { knownBefore }, now }: CardProps) {
  return (
    <section className={`${ui.card} ${styles.wide}`} aria-labelledby="before">
      <div className={ui.cardHead}>
        <h2 id="before">Corrected since</h2>
        <span className={ui.note}>what was believed, and until when</span>
      </div>
      {knownBefore.length === 0 ? (
        <Empty title="Nothing of it was corrected.">
          <p>What is shown of a time is what was known then.</p>
        </Empty>
      ) : (
        <ol className={styles.happened}>
          {knownBefore.map(({ from, to, name, status, supersededAt, supersededByRun }, index) => (
            <li key={index} data-row="">
              <time dateTime={supersededAt} title={exactMoment(supersededAt)}>
                {moment(supersededAt, now)}
              </time>
              <span>
                {name === '' ? 'It' : name} was {status || 'there'} from {moment(from, now)} to{' '}
                {to === null ? 'an open end' : moment(to, now)}
                {supersededByRun === null ? null : (
                  <span className={ui.note}>
                    {' '}
                    <Link
                      to="."
                      search={(before) => ({ ...before, why: `sync:${supersededByRun}` })}
                      className={ui.link}
                    >
                      sync run {supersededByRun}
                    </Link>{' '}
                    said otherwise
                  </span>
                )}
              </span>
            </li>
          ))}
        </ol>
      )}
    </section>
  );
}
