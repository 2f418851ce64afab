import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { api, bodyOf } from '../api/client.ts';
import { busyWord, useChange } from '../app/change.ts';
import { DeploymentField, useDeploymentChoice } from '../unassigned/AssignSheet.tsx';
import { MovedTable } from '../lists/parts.tsx';
import { money } from '../ui/decimal.ts';
import { Field, Sheet } from '../ui/Sheet.tsx';
import { Failed, Skeleton } from '../ui/States.tsx';
import ui from '../ui/ui.module.css';
import type { LineDetails } from './read.ts';

export type LineAction = 'note' | 'accept' | 'assign';

interface LineSheetProps {
  readonly action: LineAction;
  readonly bill: number;
  readonly line: LineDetails;
  readonly onClose: () => void;
}

interface Said {
  readonly reason: string;
  readonly deployment: string;
}

const doing: Readonly<Record<LineAction, string>> = {
  note: 'Add the note',
  accept: 'Accept the difference',
  assign: 'Assign the line',
};

/** What is said of a line, and what an assignment would change before it is written. */
export function LineSheet({ action, bill, line, onClose }: LineSheetProps) {
  const [reason, setReason] = useState('');
  const [text, setText] = useState('');
  const choice = useDeploymentChoice(text, '', action === 'assign');
  const { deployment } = choice;
  const { position, amount, difference, currency, description } = line;
  const change = useChange({
    write: (said: Said, headers) => write(action, bill, position, said, headers),
    onDone: onClose,
  });
  const said = { reason: reason.trim(), deployment };
  const isWhole = said.reason !== '' && (action !== 'assign' || deployment !== '');
  return (
    <Sheet
      title={`Line ${position}: ${description ?? 'no description'}`}
      onClose={onClose}
      action={
        <button
          type="button"
          className={`${ui.button} ${ui.primary}`}
          disabled={!isWhole || change.state !== 'idle'}
          onClick={() => change.send(said)}
        >
          {busyWord(change.state) ??
            (action === 'assign' && deployment !== ''
              ? `Assign ${money(amount)} ${currency} to ${deployment}`
              : doing[action])}
        </button>
      }
    >
      {action === 'accept' ? (
        <p>
          The difference of {money(difference)} {currency} is marked as accepted. The figures stay as they are.
        </p>
      ) : null}
      {action === 'assign' ? (
        <>
          <DeploymentField choice={choice} onChange={setText} />
          <Preview bill={bill} position={position} deployment={deployment} currency={currency} />
        </>
      ) : null}
      <Field label={action === 'note' ? 'Note' : 'Reason'} value={reason} onChange={setReason} rows={3} />
      {change.problem === null ? null : <Failed isChange problem={change.problem} onRetry={() => change.send(said)} />}
    </Sheet>
  );
}

interface PreviewProps {
  readonly bill: number;
  readonly position: number;
  readonly deployment: string;
  readonly currency: string;
}

/** Who would bear another amount. */
function Preview({ bill, position, deployment, currency }: PreviewProps) {
  const preview = useQuery({
    queryKey: ['billAssignmentPreview', bill, position, deployment],
    queryFn: ({ signal }) =>
      bodyOf(
        api.POST('/bills/{bill}/assignments/preview', {
          params: { path: { bill } },
          body: { position, deployment },
          signal,
        }),
      ),
    enabled: deployment !== '',
    gcTime: 0,
  });
  if (deployment === '') return <p className={ui.note}>Choose who bears it; a preview follows.</p>;
  if (preview.error !== null) return <Failed problem={preview.error} onRetry={() => void preview.refetch()} />;
  if (preview.data === undefined || preview.isFetching) return <Skeleton rows={3} />;
  const { bearers } = preview.data;
  if (bearers.length === 0) return <p>Nobody would bear another amount.</p>;
  return (
    <MovedTable
      caption="Who would bear what of the bill's month"
      rows={bearers.map(({ target, deployment: of, before, after, difference }) => ({
        key: of ?? target,
        name: of === null ? (target === 'operator' ? 'ours' : 'no cost') : of === 'unattributed' ? 'unassigned' : of,
        currency,
        before,
        after,
        difference,
      }))}
    />
  );
}

function write(
  action: LineAction,
  bill: number,
  position: number,
  said: Said,
  headers: Readonly<Record<string, string>>,
) {
  const given = { params: { path: { bill } }, headers };
  const { reason, deployment } = said;
  if (action === 'note') return bodyOf(api.POST('/bills/{bill}/notes', { ...given, body: { position, reason } }));
  if (action === 'accept')
    return bodyOf(api.POST('/bills/{bill}/acceptances', { ...given, body: { position, reason } }));
  return bodyOf(api.POST('/bills/{bill}/assignments', { ...given, body: { position, deployment, reason } }));
}
