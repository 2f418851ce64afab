import { useState } from 'react';
import { busyWord, useChange } from '../app/change.ts';
import { Field, Sheet } from '../ui/Sheet.tsx';
import { Failed } from '../ui/States.tsx';
import ui from '../ui/ui.module.css';
import { controlQueue, type QueueChange, type QueueRow } from './read.ts';

interface ScaleSheetProps {
  readonly row: QueueRow;
  readonly onClose: () => void;
}

/** How many jobs of a queue run at a time, everywhere or on one worker. */
export function ScaleSheet({ row: { queue, limit, exclusive, running }, onClose }: ScaleSheetProps) {
  const [text, setText] = useState(String(limit));
  const [worker, setWorker] = useState('');
  const change = useChange({
    write: (body: QueueChange, headers) => controlQueue(queue, body, headers),
    onDone: onClose,
  });
  const isWhole = /^\d{1,4}$/.test(text);
  const send = () => change.send({ limit: parseInt(text, 10), ...(worker === '' ? {} : { worker }) });
  return (
    <Sheet
      title={`Scale ${queue}`}
      onClose={onClose}
      action={
        <button
          type="button"
          className={`${ui.button} ${ui.primary}`}
          disabled={!isWhole || change.state !== 'idle'}
          onClick={send}
        >
          {busyWord(change.state) ?? `Run ${text === '' ? '?' : text} at a time${worker === '' ? '' : ` on ${worker}`}`}
        </button>
      }
    >
      <p>
        Now: {limit} at a time {exclusive ? 'over all processes' : 'in each process'}; {running} run.
      </p>
      <Field label="Jobs at a time (0: nothing will run)" value={text} onChange={setText} />
      <Field label="Only on the worker of this name (empty: on all)" value={worker} onChange={setWorker} />
      <p className={ui.note}>Running workers follow at once, and it is kept. Jobs that run are not stopped.</p>
      {change.problem === null ? null : <Failed isChange problem={change.problem} onRetry={send} />}
    </Sheet>
  );
}
