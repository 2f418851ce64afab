import { useState } from 'react';
import { api, bodyOf } from '../api/client.ts';
import { busyWord, useChange } from '../app/change.ts';
import { isZero, money } from '../ui/decimal.ts';
import { Field, Sheet } from '../ui/Sheet.tsx';
import { Failed } from '../ui/States.tsx';
import { month as monthName } from '../ui/time.ts';
import ui from '../ui/ui.module.css';
import type { BillDetails, Bridge } from './read.ts';

export type BillAction = 'note' | 'sign' | 'reopen';

interface BillSheetProps {
  readonly action: BillAction;
  readonly bill: BillDetails;
  readonly bridge: Bridge;
  readonly onClose: () => void;
}

const titles: Readonly<Record<BillAction, string>> = { note: 'Note', sign: 'Sign the bill', reopen: 'Reopen the bill' };

/** What is said of a bill as a whole, and what that changes. */
export function BillSheet({ action, bill, bridge, onClose }: BillSheetProps) {
  const [reason, setReason] = useState('');
  const change = useChange({
    write: (body: { readonly reason: string }, headers) => write(action, bill.bill, body.reason, headers),
    onDone: onClose,
  });
  const { unexplained, residual, currency } = bridge;
  const needsReason = action !== 'sign' || !isZero(unexplained) || !isZero(residual);
  const what = `${monthName(bill.month)}, ${money(bridge.amount)} ${currency}`;
  const doing = { note: 'Add the note', sign: `Sign ${money(bridge.amount)} ${currency}`, reopen: 'Reopen' }[action];
  return (
    <Sheet
      title={`${titles[action]}: ${what}`}
      onClose={onClose}
      action={
        <button
          type="button"
          className={`${ui.button} ${ui.primary}`}
          disabled={(needsReason && reason.trim() === '') || change.state !== 'idle'}
          onClick={() => change.send({ reason: reason.trim() })}
        >
          {busyWord(change.state) ?? doing}
        </button>
      }
    >
      {action === 'sign' ? (
        <p>
          Its figures stand from now on. What becomes known later is shown beside them.
          {isZero(unexplained) ? '' : ` ${money(unexplained)} ${currency} is unexplained.`}
          {isZero(residual) ? '' : ` ${money(residual)} ${currency} is in the header alone.`}
          {needsReason ? ' Give the reason why it is signed all the same.' : ''}
        </p>
      ) : null}
      {action === 'reopen' ? (
        <p>What was signed stays on record. What is known now counts again, and lines can be assigned.</p>
      ) : null}
      <Field label={needsReason ? 'Reason' : 'Reason (optional)'} value={reason} onChange={setReason} rows={3} />
      {change.problem === null ? null : (
        <Failed isChange problem={change.problem} onRetry={() => change.send({ reason: reason.trim() })} />
      )}
    </Sheet>
  );
}

function write(action: BillAction, bill: number, reason: string, headers: Readonly<Record<string, string>>) {
  const given = { params: { path: { bill } }, headers };
  if (action === 'note') return bodyOf(api.POST('/bills/{bill}/notes', { ...given, body: { reason } }));
  if (action === 'reopen') return bodyOf(api.POST('/bills/{bill}/reopening', { ...given, body: { reason } }));
  return bodyOf(api.POST('/bills/{bill}/sign-off', { ...given, body: reason === '' ? {} : { reason } }));
}
