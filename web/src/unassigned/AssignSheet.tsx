import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api, bodyOf } from '../api/client.ts';
import { Field, Sheet } from '../ui/Sheet.tsx';
import sheet from '../ui/sheet.module.css';
import { Failed, Skeleton } from '../ui/States.tsx';
import ui from '../ui/ui.module.css';
import { MovedMoney } from './MovedMoney.tsx';
import { type Assignment, assign, type Preview, previewAssignment } from './read.ts';

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
  const [text, setText] = useState(suggested);
  const choice = useDeploymentChoice(text, suggested);
  const { deployment } = choice;
  const [from, setFrom] = useState('');
  const assignment: Assignment = { resources, deployment, from: from === '' ? null : from };
  const preview = useQuery({
    queryKey: ['assignmentPreview', assignment],
    queryFn: ({ signal }) => previewAssignment(assignment, signal),
    enabled: slug.test(deployment),
    gcTime: 0,
  });
  const client = useQueryClient();
  const shown = preview.data?.preview ?? null;
  const write = useMutation({
    mutationFn: () => assign(assignment, shown?.digest ?? ''),
    async onSuccess() {
      await client.invalidateQueries({ predicate: ({ queryKey }) => queryKey[0] !== 'getMe' });
      onDone(assignment);
    },
  });
  // Somebody may have decided meanwhile: what it would change now is what is confirmed next.
  const lookAgain = () => {
    write.reset();
    void preview.refetch();
  };
  const noun = resources.length === 1 ? 'resource' : 'resources';
  return (
    <Sheet
      title={`Assign ${resources.length} ${noun}`}
      onClose={onClose}
      action={
        <button
          type="button"
          className={`${ui.button} ${ui.primary}`}
          disabled={shown === null || preview.isFetching || write.isPending || write.isError}
          onClick={() => write.mutate()}
        >
          Assign {resources.length} to {deployment === '' ? 'a deployment' : deployment}
        </button>
      }
    >
      <DeploymentField choice={choice} onChange={setText} />
      <Field label="From (UTC day; empty: since each exists)" type="date" value={from} onChange={setFrom} />
      {preview.isFetching ? <Skeleton rows={4} /> : null}
      {preview.error === null ? null : <Failed problem={preview.error} onRetry={() => void preview.refetch()} />}
      {shown === null || preview.isFetching ? null : <Changes preview={shown} />}
      {write.error === null ? null : <Failed isChange problem={write.error} onRetry={lookAgain} />}
    </Sheet>
  );
}

interface DeploymentChoice {
  readonly text: string;
  readonly choices: readonly {
    readonly deployment: string;
    readonly name: string;
    readonly customerName: string | null;
  }[];
  /** The deployment that the text names; empty: none, or it is not known yet. */
  readonly deployment: string;
}

/** Deployments by a part of their names: which one a text names is known once they have been read. */
export function useDeploymentChoice(text: string, suggested = '', enabled = true): DeploymentChoice {
  const found = useQuery({
    queryKey: ['deploymentChoice', text],
    enabled,
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
  const isKnown = text === suggested || choices.some((one) => one.deployment === text);
  return { text, choices, deployment: isKnown ? text : '' };
}

interface DeploymentFieldProps {
  readonly choice: DeploymentChoice;
  readonly onChange: (text: string) => void;
}

export function DeploymentField({ choice: { text, choices }, onChange }: DeploymentFieldProps) {
  return (
    <label className={sheet.label}>
      Deployment
      <input
        className={sheet.input}
        list="deployments-to-choose"
        value={text}
        autoComplete="off"
        placeholder="Name or slug"
        onChange={({ target }) => onChange(target.value)}
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
  return <MovedMoney money={moved} resources={resources} />;
}
