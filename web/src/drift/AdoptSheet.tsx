import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { inPeriod } from '../app/address.ts';
import { busyWord, useChange } from '../app/change.ts';
import { Sheet } from '../ui/Sheet.tsx';
import { Failed, Skeleton } from '../ui/States.tsx';
import ui from '../ui/ui.module.css';
import { DeploymentField, useDeploymentChoice } from '../unassigned/AssignSheet.tsx';
import { adopt, type Applied } from './read.ts';

/** All that a deployment has now becomes what it should have: how much that is, is said first. */
export function AdoptSheet({ onClose }: { readonly onClose: () => void }) {
  const navigate = useNavigate();
  const [text, setText] = useState('');
  const choice = useDeploymentChoice(text);
  const { deployment } = choice;
  const preview = useQuery({
    queryKey: ['adoptPreview', deployment],
    queryFn: ({ signal }) => adopt(deployment, true, {}, signal),
    enabled: deployment !== '',
    gcTime: 0,
    retry: false,
  });
  const change = useChange({
    write: (of: string, headers) => adopt(of, false, headers),
    onDone: ({ declaration }) =>
      void navigate({ to: '/declarations/$declaration', params: { declaration }, search: inPeriod({}) }),
  });
  return (
    <Sheet
      title="Declare what a deployment has"
      onClose={onClose}
      action={
        <button
          type="button"
          className={`${ui.button} ${ui.primary}`}
          disabled={preview.data?.changed !== true || preview.isFetching || change.state !== 'idle'}
          onClick={() => change.send(deployment)}
        >
          {busyWord(change.state) ?? verbOf(preview.data)}
        </button>
      }
    >
      <p>
        Snapshots, workers and other things that belong to something else are not declared. What the deployment gets
        beside it is found from then on.
      </p>
      <DeploymentField choice={choice} onChange={setText} />
      {preview.isFetching ? <Skeleton rows={3} /> : null}
      {preview.error === null ? null : <Failed problem={preview.error} onRetry={() => void preview.refetch()} />}
      {preview.data === undefined || preview.isFetching ? null : <p role="status">{previewText(preview.data)}</p>}
      {change.problem === null ? null : (
        <Failed isChange problem={change.problem} onRetry={() => change.send(deployment)} />
      )}
    </Sheet>
  );
}

function verbOf(preview: Applied | undefined): string {
  if (preview === undefined) return 'Declare it';
  const { added, changed, removed, unchanged } = preview.resources;
  const all = added + changed + unchanged;
  return `Declare ${all} ${all === 1 ? 'resource' : 'resources'}${removed === 0 ? '' : `, ${removed} no more`}`;
}

function previewText({ resources: { added, changed, removed, unchanged }, changed: isOther }: Applied): string {
  if (!isOther) return 'That is what is declared already: nothing would change.';
  return `${added} added, ${changed} changed, ${removed} removed, ${unchanged} unchanged. Right after, nothing differs.`;
}
