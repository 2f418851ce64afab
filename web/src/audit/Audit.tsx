import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { useState } from 'react';
import { type FormEvent, useRef } from 'react';
import { useRead } from '../app/reads.ts';
import { DataTable } from '../lists/DataTable.tsx';
import styles from '../lists/lists.module.css';
import { Csv, Listed } from '../lists/parts.tsx';
import { changed } from '../lists/search.ts';
import { grouped } from '../ui/decimal.ts';
import { Empty, Failed } from '../ui/States.tsx';
import { exactMoment, moment, presentInstant } from '../ui/time.ts';
import ui from '../ui/ui.module.css';
import own from './audit.module.css';
import { type Entry, filterOf, readAudit, type Verification, verify } from './read.ts';
import { type AuditSearch } from './search.ts';

/** Who changed what, when, from where: the row before and after; and whether the log itself was touched. */
export function Audit() {
  const { m: _month, why: _why, ...search } = useSearch({ from: '/audit' });
  const page = useRead(['listAuditLog', search], (signal) => readAudit(search, signal), { keepsPrevious: true });
  // Of a long log, all of it takes seconds: when somebody asks.
  const [isWhole, setWhole] = useState(false);
  const check = () => (isWhole ? void chain.refetch() : setWhole(true));
  const chain = useQuery({
    queryKey: ['verifyAuditLog', isWhole],
    queryFn: ({ signal }) => verify(!isWhole, signal),
    staleTime: 'static',
    retry: false,
  });
  return (
    <div className={styles.page}>
      <header className={styles.head}>
        <div className={own.verdict}>
          <h1 tabIndex={-1}>{chain.data === undefined ? 'Audit log' : sentenceOf(chain.data)}</h1>
          {chain.data === undefined ? null : <Chain found={chain.data} />}
        </div>
        <div className={own.acts}>
          <button type="button" className={ui.button} disabled={chain.isFetching} onClick={check}>
            {chain.isFetching ? 'Checking the chain' : 'Check the whole chain'}
          </button>
          <Csv path="/audit-log" query={filterOf(search)} file="audit-log" />
        </div>
      </header>
      {chain.error === null ? null : <Failed problem={chain.error} onRetry={() => void chain.refetch()} />}
      <Filters search={search} />
      <Listed query={page} cursor={search.cursor} rows={12} empty={<NoEntry />}>
        {({ items }) => <Entries items={items} />}
      </Listed>
    </div>
  );
}

function sentenceOf({ intact, head, broken, faults }: Verification): string {
  const entries = head === null ? 'It is empty' : `${grouped(String(head.position))} entries`;
  if (intact) return `The log is intact: ${entries}, each chained to the one before, and every guard is in place.`;
  const wrong = [
    broken.length === 0
      ? ''
      : `the chain does not hold at ${broken.length} ${broken.length === 1 ? 'entry' : 'entries'}`,
    faults.length === 0 ? '' : `${faults.length} ${faults.length === 1 ? 'guard is' : 'guards are'} not in place`,
  ].filter((part) => part !== '');
  return `▲ The log is not intact: ${wrong.join(', ') || 'an anchor no longer holds'}.`;
}

function Chain({
  found: { head, since, broken, faults, rewritings, pastFaults, anchors },
}: {
  readonly found: Verification;
}) {
  return (
    <>
      {broken.slice(0, 5).map(({ position, what }) => (
        <p key={position} className={styles.wrong}>
          Entry {position} is {what}.
        </p>
      ))}
      {faults.slice(0, 5).map(({ what, kind, relation, name }) => (
        <p key={`${kind} ${relation} ${name}`} className={styles.wrong}>
          {kind} {relation ?? ''} {name}: {what.replaceAll('_', ' ')}
        </p>
      ))}
      <p className={ui.note}>
        {head === null ? '' : `Head ${head.position}:${head.hash.slice(0, 16)}…`}
        {since === null ? '' : `; the first ${grouped(String(since.position))} were verified before`}
        {anchors.length === 0 ? '; no place for anchors is configured' : `; ${anchors.length} places with anchors`}
        {rewritings.length === 0 ? '' : `; guards were written anew ${rewritings.length} times without a migration`}
        {pastFaults.length === 0 ? '' : `; ${pastFaults.length} faults that are gone`}.
      </p>
    </>
  );
}

const filters = [
  ['actor', 'Who'],
  ['table', 'Table'],
  ['key', 'Key'],
  ['requestId', 'Request'],
] as const;

function Filters({ search }: { readonly search: AuditSearch }) {
  const navigate = useNavigate();
  const form = useRef<HTMLFormElement>(null);
  const submit = (event?: FormEvent) => {
    event?.preventDefault();
    if (form.current === null) return;
    const values = Object.fromEntries(
      [...new FormData(form.current)].map(([name, value]) => {
        const text = (typeof value === 'string' ? value : '').trim();
        return [name, text === '' ? undefined : text];
      }),
    );
    void navigate({ to: '.', search: changed(values) as never });
  };
  const isFiltered = Object.keys(filterOf(search)).length > 0;
  return (
    <form
      ref={form}
      className={styles.tools}
      role="search"
      aria-label="Filter"
      onSubmit={submit}
      key={JSON.stringify(filterOf(search))}
    >
      {filters.map(([name, label]) => (
        <label key={name} className={own.filter}>
          {label}
          <input name={name} defaultValue={search[name] ?? ''} maxLength={200} autoComplete="off" />
        </label>
      ))}
      <label className={own.filter}>
        From
        <input type="date" name="from" defaultValue={search.from ?? ''} />
      </label>
      <label className={own.filter}>
        before
        <input type="date" name="to" defaultValue={search.to ?? ''} />
      </label>
      <button type="submit" className={ui.button}>
        Filter
      </button>
      {isFiltered ? (
        <Link to="/audit" search={{}} className={ui.link}>
          Clear
        </Link>
      ) : null}
    </form>
  );
}

function NoEntry() {
  return (
    <Empty title="No matching entry.">
      <Link to="/audit" search={{}} className={ui.link}>
        Clear the filters
      </Link>
    </Empty>
  );
}

function Entries({ items }: { readonly items: readonly Entry[] }) {
  const now = presentInstant();
  return (
    <DataTable label="Audit log" isCards>
      <thead>
        <tr>
          <th scope="col">When, UTC</th>
          <th scope="col">Who</th>
          <th scope="col">What</th>
          <th scope="col">Before</th>
          <th scope="col">After</th>
        </tr>
      </thead>
      <tbody>
        {items.map((entry) => (
          <Row key={entry.position} entry={entry} now={now} />
        ))}
      </tbody>
    </DataTable>
  );
}

const verbs = { insert: 'added', update: 'changed', delete: 'removed' } as const;

function Row({ entry, now }: { readonly entry: Entry; readonly now: string }) {
  const { position, recordedAt, actor, origin, address, requestId, operation, table, key } = entry;
  const keys = Object.values(key).map(textOf).join(' ');
  const fields = changedFields(entry);
  return (
    <tr data-row="" className={own.entry}>
      <th scope="row" title={exactMoment(recordedAt)}>
        {moment(recordedAt, now)} <span className={ui.note}>{position}</span>
      </th>
      <td>
        <Link to="." search={changed({ actor }) as never} className={styles.name}>
          {actor}
        </Link>
        <span className={ui.note}>
          {' '}
          {origin}
          {address === null ? '' : `, ${address}`}
        </span>
        {requestId === null ? null : (
          <Link to="." search={changed({ requestId }) as never} className={`${ui.note} ${own.request}`}>
            request {requestId.slice(0, 8)}
          </Link>
        )}
      </td>
      <td>
        {verbs[operation]}{' '}
        <Link to="." search={changed({ table }) as never} className={styles.name}>
          {table}
        </Link>{' '}
        <Link to="." search={changed({ table, key: textOf(Object.values(key)[0]) }) as never} className={ui.mono}>
          {keys}
        </Link>
      </td>
      <Side fields={fields} of="before" />
      <Side fields={fields} of="after" />
    </tr>
  );
}

interface Field {
  readonly name: string;
  readonly before: string | null;
  readonly after: string | null;
}

const fieldsShown = 4;
const longAt = 60;

function Side({ fields, of }: { readonly fields: readonly Field[]; readonly of: 'before' | 'after' }) {
  const shown = fields.flatMap((field) => {
    const value = field[of];
    return value === null ? [] : [{ name: field.name, value }];
  });
  const first = shown.filter(({ value }) => value.length <= longAt).slice(0, fieldsShown);
  // What takes many lines is behind the rest.
  const rest = shown.filter((each) => !first.includes(each));
  if (shown.length === 0) return <td className={styles.spare}>–</td>;
  const list = (part: typeof shown) =>
    part.map(({ name, value }) => (
      <li key={name}>
        <span className={ui.note}>{name}</span> {value}
      </li>
    ));
  return (
    <td className={own.side}>
      <ul>{list(first)}</ul>
      {rest.length > 0 ? (
        <details>
          <summary>{rest.length} more</summary>
          <ul>{list(rest)}</ul>
        </details>
      ) : null}
    </td>
  );
}

/** What differs between the row before and after; of a new or a removed one all of it. */
function changedFields({ before, after }: Entry): Field[] {
  const names = [...new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})])];
  return names.flatMap((name) => {
    const field = {
      name,
      before: before === null ? null : textOf(before[name]),
      after: after === null ? null : textOf(after[name]),
    };
    // Of a row that is new, or gone, what it has not is not news.
    const isNothing = (before === null || after === null) && (field.before ?? field.after) === 'null';
    return field.before === field.after || isNothing ? [] : [field];
  });
}

function textOf(value: unknown): string {
  if (value === null || value === undefined) return 'null';
  return typeof value === 'string' ? value : JSON.stringify(value);
}
