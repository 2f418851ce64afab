import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api, bodyOf } from '../api/client.ts';
import styles from '../lists/lists.module.css';
import { grouped, isNegative, money } from '../ui/decimal.ts';
import { Field, Sheet } from '../ui/Sheet.tsx';
import sheet from '../ui/sheet.module.css';
import { Failed, Skeleton } from '../ui/States.tsx';
import { month as monthName } from '../ui/time.ts';
import ui from '../ui/ui.module.css';
import { type Assignment, assign, type Preview, previewAssignment } from './read.ts';
import own from './unassigned.module.css';

interface AssignSheetProps {
  readonly resources: readonly number[];
  /** The deployment that is proposed; empty: none is. */
  readonly suggested: string;
  readonly onClose: () => void;
  readonly onDone: (assignment: Assignment) => void;
}

const slug = /^[a-z0-9][a-z0-9-]{0,62}$/;

/** To whom, from when, and what that changes, in money first; nothing is written before it is confirmed. */
export function AssignSheet({ resources, suggested, onClose, onDone }: AssignSheetProps) {
  const [deployment, setDeployment] = useState(suggested);
  const [from, setFrom] = useState('');
  const assignment: Assignment = { resources, deployment, from: from === '' ? null : from };
  const preview = useQuery({
    queryKey: ['assignmentPreview', assignment],
    queryFn: ({ signal }) => previewAssignment(assignment, signal),
    enabled: slug.test(deployment),
    gcTime: 0,
  });
  const client = useQueryClient();
  const write = useMutation({
    mutationFn: () => assign(assignment),
    async onSuccess() {
      await client.invalidateQueries({ predicate: ({ queryKey }) => queryKey[0] !== 'getMe' });
      onDone(assignment);
    },
  });
  const shown = preview.data?.preview ?? null;
  const noun = resources.length === 1 ? 'resource' : 'resources';
  return (
    <Sheet
      title={`Assign ${resources.length} ${noun}`}
      onClose={onClose}
      action={
        <button
          type="button"
          className={`${ui.button} ${ui.primary}`}
          disabled={shown === null || preview.isFetching || write.isPending}
          onClick={() => write.mutate()}
        >
          Assign {resources.length} to {deployment === '' ? 'a deployment' : deployment}
        </button>
      }
    >
      <DeploymentField value={deployment} onChange={setDeployment} />
      <Field label="From (UTC day; empty: since each exists)" type="date" value={from} onChange={setFrom} />
      {preview.isFetching ? <Skeleton rows={4} /> : null}
      {preview.error === null ? null : <Failed problem={preview.error} onRetry={() => void preview.refetch()} />}
      {shown === null || preview.isFetching ? null : <Changes preview={shown} />}
      {write.error === null ? null : <Failed problem={write.error} onRetry={() => write.mutate()} />}
    </Sheet>
  );
}

/** A deployment, found by a part of its name. */
export function DeploymentField({
  value,
  onChange,
}: {
  readonly value: string;
  readonly onChange: (slug: string) => void;
}) {
  const [text, setText] = useState(value);
  const found = useQuery({
    queryKey: ['deploymentChoice', text],
    queryFn: ({ signal }) =>
      bodyOf(
        api.GET('/deployments', {
          params: { query: { limit: 20, ...(text === '' ? {} : { q: text }) } },
          headers: { accept: 'application/json' },
          signal,
        }),
      ),
  });
  const choices = found.data?.items.filter(({ customer }) => customer !== null) ?? [];
  const change = (typed: string) => {
    setText(typed);
    onChange(choices.some((one) => one.deployment === typed) ? typed : '');
  };
  return (
    <label className={sheet.label}>
      Deployment
      <input
        className={sheet.input}
        list="deployments-to-choose"
        value={text}
        autoComplete="off"
        placeholder="Name or slug"
        onChange={({ target }) => change(target.value)}
      />
      <datalist id="deployments-to-choose">
        {choices.map(({ deployment, name, customerName }) => (
          <option key={deployment} value={deployment}>
            {name}, {customerName}
          </option>
        ))}
      </datalist>
    </label>
  );
}

/** What would be: money first, then what it touches. */
function Changes({ preview }: { readonly preview: Preview }) {
  const { money: moved, resources, changesTotal } = preview;
  if (changesTotal === 0) return <p>Nothing would change: they have this owner already.</p>;
  if (moved === null)
    return <p>{resources} would change owner. Amounts cannot be tried here: usage is in ClickHouse.</p>;
  const { customers, bills, billsTotal, corrections, months, leftOut } = moved;
  return (
    <>
      {customers.length === 0 ? (
        <p>No amount changes: what they use lies within allowances, or is on no plan.</p>
      ) : (
        <MovedTable
          caption="What customers pay, all months together, before tax"
          rows={customers.map(({ customer, customerName, ...row }) => ({ ...row, key: customer, name: customerName }))}
        />
      )}
      {bills.length === 0 ? null : (
        <MovedTable
          caption={`By month${billsTotal > bills.length ? `, ${bills.length} of ${billsTotal}` : ''}`}
          rows={bills.map(({ customer, customerName, month, state, ...row }) => ({
            ...row,
            key: `${customer} ${month}`,
            name: `${monthName(month)}, ${customerName}${state === 'open' ? '' : ` (${state})`}`,
          }))}
        />
      )}
      {corrections.invoices === 0 ? null : (
        <p className={styles.wrong}>
          ▲ {corrections.invoices} issued {corrections.invoices === 1 ? 'invoice' : 'invoices'} will have a correction
          to decide.
        </p>
      )}
      <p className={ui.note}>
        {resources} change owner, in {months.length === 1 ? '1 month' : `${months.length} months`}.
        {leftOut.months.length === 0 ? '' : ` Not in the figures: ${leftOut.months.map(monthName).join(', ')}.`}
        {leftOut.days === 0 ? '' : ` ${leftOut.days} days are still to be metered.`}
        {leftOut.notRated.length === 0
          ? ''
          : ` Not rated: ${leftOut.notRated.map(({ customer }) => customer).join(', ')}.`}
      </p>
    </>
  );
}

export interface MovedRow {
  readonly key: string;
  readonly name: string;
  readonly currency: string;
  readonly before: string;
  readonly after: string;
  readonly difference: string;
}

export function MovedTable({ caption, rows }: { readonly caption: string; readonly rows: readonly MovedRow[] }) {
  return (
    <div className={styles.scroll} role="region" aria-label={caption} tabIndex={0}>
      <table className={styles.table}>
        <caption className={own.caption}>{caption}</caption>
        <thead>
          <tr>
            <th scope="col">Whose</th>
            <th scope="col" className={styles.figure}>
              Before
            </th>
            <th scope="col" className={styles.figure}>
              After
            </th>
            <th scope="col" className={styles.figure}>
              Difference
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map(({ key, name, currency, before, after, difference }) => (
            <tr key={`${key} ${currency}`}>
              <th scope="row">{name}</th>
              <td className={styles.figure}>{money(before)}</td>
              <td className={styles.figure}>
                {money(after)} <span className={ui.unit}>{currency}</span>
              </td>
              <td className={styles.figure}>
                {isNegative(difference) ? '▼' : '▲'} {grouped(difference)}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
