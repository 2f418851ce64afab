import { useState } from 'react';
import { api, bodyOf } from '../api/client.ts';
import { busyWord, useChange } from '../app/change.ts';
import { Field, Sheet } from '../ui/Sheet.tsx';
import { Failed } from '../ui/States.tsx';
import ui from '../ui/ui.module.css';

interface BillingFormProps {
  readonly customer: string;
  readonly onClose: () => void;
}

const linesOf = (text: string) =>
  text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');

/** To whom a customer's invoices are addressed: of what is left empty, nothing changes. */
export function BillingForm({ customer, onClose }: BillingFormProps) {
  const [name, setName] = useState('');
  const [address, setAddress] = useState('');
  const [taxIds, setTaxIds] = useState('');
  const change = useChange({
    write: (body: Readonly<Record<string, unknown>>, headers) =>
      bodyOf(
        api.PATCH('/customers/{customer}/billing', {
          params: { path: { customer }, header: { 'If-Match': '*' } },
          headers,
          body,
        }),
      ),
    onDone: onClose,
  });
  const [lines, ids] = [linesOf(address), linesOf(taxIds)];
  const body = {
    ...(name.trim() === '' ? {} : { legalName: name.trim() }),
    ...(lines.length === 0 ? {} : { address: lines }),
    ...(ids.length === 0 ? {} : { taxIds: ids }),
    // Invoices take what holds on the last day of their month: these count from the beginning.
    from: '2000-01-01',
  };
  return (
    <Sheet
      title="Billing details"
      onClose={onClose}
      action={
        <button
          type="button"
          className={`${ui.button} ${ui.primary}`}
          disabled={change.state !== 'idle' || name.trim() + address.trim() + taxIds.trim() === ''}
          onClick={() => change.send(body)}
        >
          {busyWord(change.state) ?? 'Save for all its invoices that are not issued'}
        </button>
      }
    >
      <p className={ui.note}>Empty fields keep what is there.</p>
      <Field label="Name, as it is printed" value={name} onChange={setName} />
      <Field label="Address, line by line" rows={4} value={address} onChange={setAddress} />
      <Field label="Tax ids, a line each, such as VAT GB123456789" rows={2} value={taxIds} onChange={setTaxIds} />
      {change.problem === null ? null : <Failed isChange problem={change.problem} onRetry={() => change.send(body)} />}
    </Sheet>
  );
}
