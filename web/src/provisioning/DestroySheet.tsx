import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { inPeriod } from '../app/address.ts';
import { busyWord, useChange } from '../app/change.ts';
import { Sheet } from '../ui/Sheet.tsx';
import sheet from '../ui/sheet.module.css';
import ui from '../ui/ui.module.css';
import { proposeDestruction } from './read.ts';
import { Refused } from './Refused.tsx';

interface DestroySheetProps {
  readonly deployment: string;
  readonly onClose: () => void;
}

/** Taking a deployment down is proposed: what goes, what stays and what that costs is seen before anything is approved. */
export function DestroySheet({ deployment, onClose }: DestroySheetProps) {
  const navigate = useNavigate();
  const [isKept, setKept] = useState(true);
  const change = useChange({
    write: (body: { readonly snapshots: boolean }, headers) => proposeDestruction(deployment, body, headers),
    onDone: ({ hash }) => {
      onClose();
      void navigate({ to: '/proposals/$hash', params: { hash }, search: inPeriod({}) });
    },
  });
  const send = () => change.send({ snapshots: isKept });
  return (
    <Sheet
      title={`Take ${deployment} down`}
      onClose={onClose}
      action={
        <button
          type="button"
          className={`${ui.button} ${ui.primary}`}
          disabled={change.state !== 'idle'}
          onClick={send}
        >
          {busyWord(change.state) ?? 'Propose'}
        </button>
      }
    >
      <p>
        The provider is asked for what there is, and a proposal lists what would be destroyed, what stays, and what goes
        on costing. Nothing is destroyed by proposing.
      </p>
      <label className={sheet.check}>
        <input type="checkbox" checked={isKept} onChange={({ target }) => setKept(target.checked)} />
        Keep a last snapshot of each droplet and volume
      </label>
      {change.problem === null ? null : <Refused problem={change.problem} onRetry={send} />}
    </Sheet>
  );
}
