import { useState } from 'react';
import { useRead } from '../app/reads.ts';
import { DataTable } from '../lists/DataTable.tsx';
import styles from '../lists/lists.module.css';
import { Act } from '../ui/Act.tsx';
import { Empty, States } from '../ui/States.tsx';
import ui from '../ui/ui.module.css';
import { MeterSheet } from './MeterSheet.tsx';
import { type Meter, type MeterForm, readMeters } from './read.ts';

const newMeter: MeterForm = {
  meter: '',
  title: '',
  unit: '',
  type: '',
  aggregation: 'sum',
  value: '',
  key: '',
  divisor: '',
  from: '',
};

/** `/requests`: where in the data, as a pointer; empty: nowhere. */
function pointerOf(path: readonly string[] | null): string {
  return path === null ? '' : path.map((part) => `/${part.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}

function formOf({ meter, type, aggregation, valuePath, keyPath }: Meter): MeterForm {
  return { ...newMeter, meter, type, aggregation, value: pointerOf(valuePath), key: pointerOf(keyPath) };
}

/** Which events count, how, and since when; and what another meter would count. */
export function Meters() {
  const meters = useRead(['listGatewayMeters'], readMeters);
  const [form, setForm] = useState<MeterForm | null>(null);
  return (
    <>
      <div className={styles.tools}>
        <Act operation="previewGatewayMeters" needs="operator" onAct={() => setForm(newMeter)}>
          Preview a meter
        </Act>
      </div>
      <States query={meters} rows={4}>
        {({ items }) =>
          items.length === 0 ? (
            <Empty title="No meter counts events.">
              <p>Events without a meter are kept: a meter can count what came before it was created.</p>
            </Empty>
          ) : (
            <MeterTable items={items} onPreview={(meter) => setForm(formOf(meter))} />
          )
        }
      </States>
      {form === null ? null : <MeterSheet initial={form} onClose={() => setForm(null)} />}
    </>
  );
}

interface MeterTableProps {
  readonly items: readonly Meter[];
  readonly onPreview: (meter: Meter) => void;
}

function MeterTable({ items, onPreview }: MeterTableProps) {
  return (
    <DataTable label="Gateway meters" isCards>
      <thead>
        <tr>
          <th scope="col">Meter</th>
          <th scope="col">Since</th>
          <th scope="col">Events</th>
          <th scope="col">Counts</th>
          <th scope="col">About</th>
          <th scope="col">
            <span className="visually-hidden">Actions</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {items.map((row) => (
          <tr key={`${row.meter} ${row.fromDay}`} data-row="">
            <th scope="row">{row.meter}</th>
            <td className={styles.spare}>{row.fromDay}</td>
            <td>
              {row.type}
              {Object.keys(row.filter).length === 0 ? null : (
                <span className={ui.note}> where {JSON.stringify(row.filter)}</span>
              )}
            </td>
            <td>
              {row.aggregation} <span className={ui.mono}>{pointerOf(row.valuePath ?? row.keyPath)}</span>
            </td>
            <td className={styles.spare}>
              {row.subjectPrefix}
              {row.subjectPath === null ? 'their subject' : pointerOf(row.subjectPath)}
            </td>
            <td className={styles.rowActs}>
              <Act
                operation="previewGatewayMeters"
                needs="operator"
                label={`Preview ${row.meter}`}
                onAct={() => onPreview(row)}
              >
                Preview
              </Act>
            </td>
          </tr>
        ))}
      </tbody>
    </DataTable>
  );
}
