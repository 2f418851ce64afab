import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { busyWord, useChange } from '../app/change.ts';
import { useQuiet } from '../app/quiet.ts';
import { useMe } from '../app/session.ts';
import styles from '../lists/lists.module.css';
import { Field, Sheet } from '../ui/Sheet.tsx';
import sheet from '../ui/sheet.module.css';
import { Failed, Skeleton } from '../ui/States.tsx';
import { moment } from '../ui/time.ts';
import ui from '../ui/ui.module.css';
import { MovedMoney } from '../unassigned/MovedMoney.tsx';
import { addRule, endRule, type NewRule, previewEnd, previewRule, type RulePreview } from './read.ts';

const shown = 20;

type By = 'name' | 'tag' | 'project';

const labels: Readonly<Record<By, string>> = {
  name: 'Pattern of names, such as acme-*',
  tag: 'Tag',
  project: "Project, by the provider's id",
};

/** One rule more, behind the others of its kind: which resources change owner is said before it is written. */
export function AddRuleSheet({ onClose }: { readonly onClose: () => void }) {
  const [by, setBy] = useState<By>('name');
  const [value, setValue] = useState('');
  const [deployment, setDeployment] = useState('');
  const rule = value.trim() === '' || deployment.trim() === '' ? null : ruleOf(by, value.trim(), deployment.trim());
  const text = JSON.stringify(rule);
  const isQuiet = useQuiet(text) === text;
  const preview = useQuery({
    queryKey: ['rulePreview', rule],
    queryFn: ({ signal }) => previewRule(rule as NewRule, signal),
    enabled: rule !== null && isQuiet,
    gcTime: 0,
    retry: false,
  });
  const change = useChange({ write: addRule, onDone: onClose });
  return (
    <Sheet
      title="Add a rule"
      onClose={onClose}
      action={
        <button
          type="button"
          className={`${ui.button} ${ui.primary}`}
          disabled={rule === null || preview.data == null || preview.isFetching || change.state !== 'idle'}
          onClick={() => (rule === null ? null : change.send({ rule, expect: preview.data?.digest ?? '' }))}
        >
          {busyWord(change.state) ?? verbOf('Add the rule', preview.data ?? null)}
        </button>
      }
    >
      <label className={sheet.label}>
        By
        <select
          className={sheet.input}
          value={by}
          onChange={({ target }) => setBy(target.value === 'tag' || target.value === 'project' ? target.value : 'name')}
        >
          <option value="name">name</option>
          <option value="tag">tag</option>
          <option value="project">project</option>
        </select>
      </label>
      <Field label={labels[by]} value={value} onChange={setValue} />
      <Field label="Deployment (slug)" value={deployment} onChange={setDeployment} />
      {preview.isFetching ? <Skeleton rows={4} /> : null}
      {preview.error === null ? null : <Failed problem={preview.error} onRetry={() => void preview.refetch()} />}
      {preview.data == null || preview.isFetching ? null : <Moved preview={preview.data} />}
      {change.problem === null ? null : (
        <Failed isChange problem={change.problem} onRetry={() => lookAgain(change, preview)} />
      )}
    </Sheet>
  );
}

interface EndRuleSheetProps {
  readonly rule: number;
  readonly name: string;
  readonly onClose: () => void;
}

/** A rule that says nothing any more from now on; what it said before stays. */
export function EndRuleSheet({ rule, name, onClose }: EndRuleSheetProps) {
  const preview = useQuery({
    queryKey: ['ruleEndPreview', rule],
    queryFn: ({ signal }) => previewEnd(rule, signal),
    gcTime: 0,
    retry: false,
  });
  const change = useChange({ write: endRule, onDone: onClose });
  return (
    <Sheet
      title={`End rule ${rule}`}
      onClose={onClose}
      action={
        <button
          type="button"
          className={`${ui.button} ${ui.primary}`}
          disabled={preview.data == null || preview.isFetching || change.state !== 'idle'}
          onClick={() => change.send({ rule, expect: preview.data?.digest ?? '' })}
        >
          {busyWord(change.state) ?? verbOf('End the rule', preview.data ?? null)}
        </button>
      }
    >
      <p>{name}: from now on it says nothing. What it said before stays.</p>
      {preview.isFetching ? <Skeleton rows={4} /> : null}
      {preview.error === null ? null : <Failed problem={preview.error} onRetry={() => void preview.refetch()} />}
      {preview.data == null || preview.isFetching ? null : <Moved preview={preview.data} />}
      {change.problem === null ? null : (
        <Failed isChange problem={change.problem} onRetry={() => lookAgain(change, preview)} />
      )}
    </Sheet>
  );
}

/** After a refusal: what it would change now is what is confirmed next. */
function lookAgain(change: { clear(): void }, preview: { refetch(): Promise<unknown> }): void {
  change.clear();
  void preview.refetch();
}

function verbOf(verb: string, preview: RulePreview | null): string {
  if (preview === null || preview.resources === 0) return verb;
  return `${verb}: ${preview.resources} ${preview.resources === 1 ? 'resource changes' : 'resources change'} owner`;
}

function ruleOf(by: By, value: string, deployment: string): NewRule {
  if (by === 'tag') return { tag: value, deployment };
  return by === 'project' ? { project: value, deployment } : { name: value, deployment };
}

/** Whose resources they become, what that comes to in money, and which they are. */
function Moved({ preview }: { readonly preview: RulePreview }) {
  const { resources, totals, changes, changesTotal, money } = preview;
  const { data: me } = useMe();
  if (resources === 0) return <p role="status">No resource changes owner.</p>;
  const now = me?.now ?? '';
  return (
    <>
      <p role="status">
        {resources} {resources === 1 ? 'resource changes' : 'resources change'} owner:{' '}
        {totals.map(({ deployment, gains, loses }) => movedText(deployment, gains, loses)).join('; ')}. Past days are
        metered again; where an issued month comes to something else, a correction is proposed.
      </p>
      <MovedMoney money={money} resources={resources} />
      <div className={styles.scroll} role="region" aria-label="Who changes owner, as a table" tabIndex={0}>
        <table className={styles.table}>
          <thead>
            <tr>
              <th scope="col">Resource</th>
              <th scope="col">From</th>
              <th scope="col">Before</th>
              <th scope="col">After</th>
            </tr>
          </thead>
          <tbody>
            {changes.slice(0, shown).map(({ resourceId, name, externalId, from, before, after }) => (
              <tr key={`${resourceId} ${from}`}>
                <th scope="row">{name === '' ? externalId : name}</th>
                <td>{moment(from, now)}</td>
                <td>{ownersText(before)}</td>
                <td>{ownersText(after)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {changesTotal > shown ? (
        <p className={ui.note}>
          {shown} of {changesTotal} changes are shown.
        </p>
      ) : null}
    </>
  );
}

function movedText(deployment: string, gains: number, loses: number): string {
  const name = deployment === 'unattributed' ? 'unassigned' : deployment;
  const parts = [gains === 0 ? '' : `gains ${gains}`, loses === 0 ? '' : `loses ${loses}`].filter(
    (part) => part !== '',
  );
  return `${name} ${parts.join(' and ')}`;
}

function ownersText(owners: RulePreview['changes'][number]['before']): string {
  if (owners.length === 0) return 'unassigned';
  return owners
    .map(({ deployment, weight }) => (owners.length === 1 ? deployment : `${deployment} ${weight}`))
    .join(', ');
}
