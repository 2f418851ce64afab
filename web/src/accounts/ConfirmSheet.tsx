import { useState } from 'react';
import { busyWord, useChange } from '../app/change.ts';
import { useMe } from '../app/session.ts';
import { Field, Sheet } from '../ui/Sheet.tsx';
import { Failed } from '../ui/States.tsx';
import { exactMoment } from '../ui/time.ts';
import ui from '../ui/ui.module.css';
import { confirmUsage, type Confirmation, type Gap } from './read.ts';
import { kindName } from './words.ts';

/** A manual confirmation: somebody knows how it was, though no listing showed it. No usage changes. */
export function ConfirmSheet({ gap, onClose }: { readonly gap: Gap; readonly onClose: () => void }) {
  const { data: me } = useMe();
  const [reason, setReason] = useState('');
  const change = useChange({
    write: (body: Confirmation, headers) => confirmUsage(body, headers),
    onDone: onClose,
  });
  const { account, resourceKind, from, to, resources } = gap;
  const through = to ?? me?.now ?? from;
  const send = () => change.send({ account, resourceKind, through, reason: reason.trim() });
  return (
    <Sheet
      title={`Confirm ${kindName(resourceKind)} of ${account} manually`}
      onClose={onClose}
      action={
        <button
          type="button"
          className={`${ui.button} ${ui.primary}`}
          disabled={reason.trim() === '' || change.state !== 'idle'}
          onClick={send}
        >
          {busyWord(change.state) ?? `Confirm through ${exactMoment(through)}`}
        </button>
      }
    >
      <p>
        No whole listing was seen since {exactMoment(from)}. You confirm that what is recorded of {resources}{' '}
        {resources === 1 ? 'resource' : 'resources'} is right through {exactMoment(through)}. It counts as a complete
        listing then: the gap ends, its days become final, and no usage changes.
      </p>
      <Field label="How is it known? (kept with your name)" value={reason} onChange={setReason} />
      {change.problem === null ? null : <Failed isChange problem={change.problem} onRetry={send} />}
    </Sheet>
  );
}
