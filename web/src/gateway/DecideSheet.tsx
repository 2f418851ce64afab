import { useState } from 'react';
import { busyWord, useChange } from '../app/change.ts';
import { grouped } from '../ui/decimal.ts';
import { Field, Sheet } from '../ui/Sheet.tsx';
import { Failed } from '../ui/States.tsx';
import ui from '../ui/ui.module.css';
import { type DeadLetter, type Decision, decide } from './read.ts';
import { reasonText } from './words.ts';

interface DecideSheetProps {
  readonly decision: Decision;
  readonly letter: DeadLetter;
  readonly onClose: () => void;
  /** With what was done, in words. */
  readonly onDone: (text: string) => void;
}

const titles: Readonly<Record<Decision, string>> = { retry: 'Retry', replay: 'Count', drop: 'Drop' };
const doneWords: Readonly<Record<Decision, string>> = {
  retry: 'interpreted again',
  replay: 'counted',
  drop: 'dropped',
};

function consequenceOf(decision: Decision, { source, reason, eventId }: DeadLetter): string {
  if (decision === 'retry')
    return `All events of ${source} that are dead for this reason (${reasonText(reason)}) are interpreted again. What is still wrong stays dead.`;
  if (decision === 'replay') return `${eventId} counts all the same, at its time, or at that time with a shift.`;
  return `${eventId} never counts. It stays on record with your reason.`;
}

/** What becomes of a dead letter, before it is done. */
export function DecideSheet({ decision, letter, onClose, onDone }: DecideSheetProps) {
  const [why, setWhy] = useState('');
  const [shift, setShift] = useState('');
  const change = useChange({
    write: (said: { why: string; shift: string }, headers) => decide(decision, letter, said, headers),
    onDone: (events) =>
      onDone(`${grouped(String(events))} ${events === 1 ? 'event' : 'events'} ${doneWords[decision]}.`),
  });
  const isReady = decision === 'retry' || why.trim() !== '';
  return (
    <Sheet
      title={`${titles[decision]} ${decision === 'retry' ? 'dead letters' : letter.eventId}`}
      onClose={onClose}
      action={
        <button
          type="button"
          className={`${ui.button} ${ui.primary}`}
          disabled={!isReady || change.state !== 'idle'}
          onClick={() => change.send({ why: why.trim(), shift: shift.trim() })}
        >
          {busyWord(change.state) ?? titles[decision]}
        </button>
      }
    >
      <p>{consequenceOf(decision, letter)}</p>
      {decision === 'retry' ? null : <Field label="Reason, for the record" value={why} onChange={setWhy} />}
      {decision === 'replay' ? (
        <Field label="Shift of its time, such as PT-2H; none unless given" value={shift} onChange={setShift} />
      ) : null}
      {change.problem === null ? null : <Failed isChange problem={change.problem} onRetry={change.clear} />}
    </Sheet>
  );
}
