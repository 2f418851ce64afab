import { useState } from 'react';
import { api, bodyOf } from '../api/client.ts';
import { busyWord, useChange } from '../app/change.ts';
import { useMe } from '../app/session.ts';
import { money } from '../ui/decimal.ts';
import { Field, Sheet } from '../ui/Sheet.tsx';
import sheet from '../ui/sheet.module.css';
import { Band, Failed } from '../ui/States.tsx';
import ui from '../ui/ui.module.css';
import own from './invoices.module.css';
import type { InvoiceDetail } from './read.ts';

type Action = 'approve' | 'issue' | 'reopen' | 'cancel' | 'line';

const needs: Readonly<Record<Action, string>> = {
  approve: 'approveInvoice',
  issue: 'issueInvoice',
  reopen: 'reopenInvoice',
  cancel: 'cancelInvoice',
  line: 'addInvoiceLine',
};

const labels: Readonly<Record<Action, string>> = {
  approve: 'Approve',
  issue: 'Issue',
  reopen: 'Take the approval back',
  cancel: 'Cancel by a credit note',
  line: 'Add a line',
};

const actionsOf: Readonly<Record<InvoiceDetail['state'], readonly Action[]>> = {
  draft: ['approve', 'line'],
  approved: ['issue', 'reopen'],
  issued: ['cancel'],
  cancelled: [],
};

/** What can be done with it now; what the reader may not is said. */
export function InvoiceActions({ detail }: { readonly detail: InvoiceDetail }) {
  const { data: me } = useMe();
  const [open, setOpen] = useState<Action | null>(null);
  const actions = detail.kind === 'credit_note' ? [] : actionsOf[detail.state];
  if (actions.length === 0) return null;
  const mayNone = actions.every((action) => me?.may.includes(needs[action]) !== true);
  return (
    <section className={own.actions} aria-label="Actions">
      {actions.map((action, at) => (
        <button
          key={action}
          type="button"
          className={at === 0 && action !== 'cancel' ? `${ui.button} ${ui.primary}` : ui.button}
          disabled={me?.may.includes(needs[action]) !== true}
          onClick={() => setOpen(action)}
        >
          {labels[action]}
        </button>
      ))}
      {mayNone ? <p className={ui.note}>Needs the role finance or owner.</p> : null}
      {open === null ? null : open === 'line' ? (
        <LineSheet detail={detail} onClose={() => setOpen(null)} />
      ) : (
        <ActionSheet action={open} detail={detail} onClose={() => setOpen(null)} />
      )}
    </section>
  );
}

interface ActionSheetProps {
  readonly action: Exclude<Action, 'line'>;
  readonly detail: InvoiceDetail;
  readonly onClose: () => void;
}

interface Asked {
  readonly reason: string;
  readonly incomplete: boolean;
}

/** Does it to what was read: refused where the invoice is another by now. */
function act(action: ActionSheetProps['action'], { invoiceId, etag, total }: InvoiceDetail) {
  return async ({ reason, incomplete }: Asked, headers: Readonly<Record<string, string>>): Promise<unknown> => {
    const asked = {
      params: { path: { invoice: String(invoiceId) }, header: { 'If-Match': etag } },
      headers,
    };
    const also = incomplete ? { incomplete } : {};
    switch (action) {
      case 'approve':
        return bodyOf(
          api.POST('/invoices/{invoice}/approve', {
            ...asked,
            body: { expectedTotal: total, ...(reason === '' ? {} : { override: reason }) },
          }),
        );
      case 'issue':
        return bodyOf(api.POST('/invoices/{invoice}/issue', { ...asked, body: also }));
      case 'reopen':
        return bodyOf(api.POST('/invoices/{invoice}/reopen', asked));
      case 'cancel':
        return bodyOf(api.POST('/invoices/{invoice}/cancel', { ...asked, body: { reason, ...also } }));
    }
  };
}

const consequences: Readonly<Record<ActionSheetProps['action'], string>> = {
  approve: 'It is drafted once more, and approved at this total.',
  issue: 'It is numbered and frozen: afterwards it can be corrected or cancelled, not changed.',
  reopen: 'It is a draft again, and follows the facts.',
  cancel:
    'A credit note of all that is left of it is issued at once, and its month is drafted again. That cannot be undone.',
};

function ActionSheet({ action, detail, onClose }: ActionSheetProps) {
  const [reason, setReason] = useState('');
  const [incomplete, setIncomplete] = useState(false);
  const [typed, setTyped] = useState('');
  const { number, invoiceId, total, currency, settles } = detail;
  const change = useChange({ write: act(action, detail), onDone: onClose });
  const name = number ?? String(invoiceId);
  const isEarly = change.problem !== null && 'code' in change.problem && change.problem.code === 'month_not_final';
  const lacks = action === 'issue' && settles.length > 0;
  const isSure =
    (action !== 'cancel' || (reason.trim() !== '' && typed.trim() === name)) &&
    (!isEarly || reason.trim() !== '') &&
    (!lacks || incomplete);
  return (
    <Sheet
      title={labels[action]}
      onClose={onClose}
      action={
        <button
          type="button"
          className={`${ui.button} ${ui.primary}`}
          disabled={!isSure || change.state !== 'idle'}
          onClick={() => change.send({ reason: reason.trim(), incomplete })}
        >
          {busyWord(change.state) ?? `${labels[action]}: ${money(total)} ${currency}`}
        </button>
      }
    >
      <p>
        <strong>
          {detail.customerName}, {money(total)} {currency} with tax.
        </strong>{' '}
        {consequences[action]}
      </p>
      {lacks ? (
        <>
          {settles.map(({ message }) => (
            <Band key={message}>{message}</Band>
          ))}
          <label className={sheet.check}>
            <input type="checkbox" checked={incomplete} onChange={({ target }) => setIncomplete(target.checked)} />
            Issue it although that is missing
          </label>
        </>
      ) : null}
      {change.problem === null ? null : (
        <Failed isChange problem={change.problem} onRetry={() => change.send({ reason: reason.trim(), incomplete })} />
      )}
      {isEarly ? (
        <Field label="Why, although its usage is not final (kept with it)" value={reason} onChange={setReason} />
      ) : null}
      {action === 'cancel' ? (
        <>
          <Field label="Why: the customer reads it on the credit note" value={reason} onChange={setReason} />
          <Field label={`Type ${name} to cancel it`} value={typed} onChange={setTyped} />
        </>
      ) : null}
    </Sheet>
  );
}

/** A line that no meter makes: quantity times price. */
function LineSheet({ detail, onClose }: { readonly detail: InvoiceDetail; readonly onClose: () => void }) {
  const [description, setDescription] = useState('');
  const [amount, setAmount] = useState('1');
  const [unit, setUnit] = useState('');
  const [unitPrice, setUnitPrice] = useState('');
  const { invoiceId, currency, etag } = detail;
  const decimal = /^-?\d+(\.\d+)?$/;
  const change = useChange({
    write: (body: { description: string; quantity: string; unitPrice: string; unit?: string }, headers) =>
      bodyOf(
        api.POST('/invoices/{invoice}/lines', {
          params: { path: { invoice: String(invoiceId) }, header: { 'If-Match': etag } },
          headers,
          body,
        }),
      ),
    onDone: onClose,
  });
  const body = {
    description: description.trim(),
    quantity: amount.trim(),
    unitPrice: unitPrice.trim(),
    ...(unit.trim() === '' ? {} : { unit: unit.trim() }),
  };
  const isSure = body.description !== '' && decimal.test(body.quantity) && decimal.test(body.unitPrice);
  return (
    <Sheet
      title="Add a line"
      onClose={onClose}
      action={
        <button
          type="button"
          className={`${ui.button} ${ui.primary}`}
          disabled={!isSure || change.state !== 'idle'}
          onClick={() => change.send(body)}
        >
          {busyWord(change.state) ?? 'Add the line'}
        </button>
      }
    >
      <p className={ui.note}>It stays when the draft is brought up to date. A negative quantity gives back.</p>
      <Field label="Description, as it is printed" value={description} onChange={setDescription} />
      <Field label="Quantity" value={amount} onChange={setAmount} />
      <Field label="Unit (empty: none)" value={unit} onChange={setUnit} />
      <Field label={`Unit price in ${currency}, before tax`} value={unitPrice} onChange={setUnitPrice} />
      {change.problem === null ? null : <Failed isChange problem={change.problem} onRetry={() => change.send(body)} />}
    </Sheet>
  );
}
