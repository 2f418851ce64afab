import { useState } from 'react';
import { useChange } from '../app/change.ts';
import { useRead } from '../app/reads.ts';
import { useMe } from '../app/session.ts';
import { DataTable } from '../lists/DataTable.tsx';
import styles from '../lists/lists.module.css';
import { Csv, Listed, SearchField } from '../lists/parts.tsx';
import { Act } from '../ui/Act.tsx';
import { quantity } from '../ui/decimal.ts';
import { Field } from '../ui/Sheet.tsx';
import { Empty } from '../ui/States.tsx';
import { day } from '../ui/time.ts';
import ui from '../ui/ui.module.css';
import { FormSheet } from './parts.tsx';
import { readTaxRates, setTaxRate, type TaxChange, type TaxRate } from './read.ts';
import { type SettingsSearch } from './search.ts';

export function Tax({ search }: { readonly search: SettingsSearch }) {
  const page = useRead(['listTaxRates', search], (signal) => readTaxRates(search, signal), { keepsPrevious: true });
  const { data: me } = useMe();
  const [edited, setEdited] = useState<Partial<TaxRate> | null>(null);
  const now = me?.now ?? '';
  return (
    <>
      <div className={styles.tools}>
        <SearchField q={search.q} label="Seller or category" />
        <Csv path="/tax-rates" query={{ q: search.q }} file="tax-rates" />
        <Act operation="setTaxRate" needs="finance" onAct={() => setEdited({})}>
          Set a rate
        </Act>
      </div>
      <Listed
        query={page}
        cursor={search.cursor}
        rows={4}
        empty={
          <Empty title="No tax rate.">
            <p>A category without a rate is not taxed.</p>
          </Empty>
        }
      >
        {({ items }) => <RateTable items={items} now={now} onEdit={setEdited} />}
      </Listed>
      {edited === null ? null : <TaxSheet rate={edited} onClose={() => setEdited(null)} />}
    </>
  );
}

interface RateTableProps {
  readonly items: readonly TaxRate[];
  readonly now: string;
  readonly onEdit: (rate: TaxRate) => void;
}

function RateTable({ items, now, onEdit }: RateTableProps) {
  return (
    <DataTable label="Tax rates" isCards>
      <thead>
        <tr>
          <th scope="col">Seller</th>
          <th scope="col" className={styles.figure}>
            Percent
          </th>
          <th scope="col">Category</th>
          <th scope="col">Printed as</th>
          <th scope="col">From</th>
          <th scope="col">To</th>
          <th scope="col">
            <span className="visually-hidden">Actions</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {items.map((rate) => (
          <tr key={`${rate.entity} ${rate.category} ${rate.from ?? ''}`} data-row="">
            <th scope="row">{rate.entity}</th>
            <td className={styles.figure} title={rate.percent}>
              {quantity(rate.percent)}
            </td>
            <td className={styles.spare}>{rate.category}</td>
            <td className={styles.spare}>{rate.title}</td>
            <td className={styles.spare}>{rate.from === null ? 'the beginning' : day(rate.from, now)}</td>
            <td className={styles.spare}>{rate.to === null ? '–' : day(rate.to, now)}</td>
            <td className={styles.rowActs}>
              <Act
                operation="setTaxRate"
                needs="finance"
                label={`Change ${rate.category} of ${rate.entity}`}
                onAct={() => onEdit(rate)}
              >
                Change
              </Act>
            </td>
          </tr>
        ))}
      </tbody>
    </DataTable>
  );
}

function TaxSheet({ rate, onClose }: { readonly rate: Partial<TaxRate>; readonly onClose: () => void }) {
  const [entity, setEntity] = useState(rate.entity ?? '');
  const [category, setCategory] = useState(rate.category ?? 'standard');
  const [title, setTitle] = useState(rate.title ?? 'VAT');
  const [percent, setPercent] = useState(rate.percent ?? '');
  const [from, setFrom] = useState('');
  const change = useChange({ write: (body: TaxChange, headers) => setTaxRate(body, headers), onDone: onClose });
  const isWhole = /^\d{1,3}(\.\d{1,9})?$/.test(percent) && category !== '' && title !== '';
  const body = isWhole
    ? { entity: entity === '' ? null : entity, category, title, percent, from: from === '' ? null : from }
    : null;
  return (
    <FormSheet title="Set a tax rate" onClose={onClose} change={change} body={body} verb="Set the rate">
      <Field label="Seller (empty: the default one)" value={entity} onChange={setEntity} />
      <Field label="Category" value={category} onChange={setCategory} />
      <Field label="As printed" value={title} onChange={setTitle} />
      <Field label="Percent" value={percent} onChange={setPercent} />
      <Field label="From (UTC day; empty: from the beginning)" type="date" value={from} onChange={setFrom} />
      <p className={ui.note}>
        The rate of a month's last day applies to the whole month. Issued invoices are not affected.
      </p>
    </FormSheet>
  );
}
