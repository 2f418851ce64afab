import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useChange } from '../app/change.ts';
import { useRead } from '../app/reads.ts';
import { useQuiet } from '../app/quiet.ts';
import { useMe } from '../app/session.ts';
import { DataTable } from '../lists/DataTable.tsx';
import styles from '../lists/lists.module.css';
import { Csv, Listed, SearchField } from '../lists/parts.tsx';
import { Act } from '../ui/Act.tsx';
import { grouped } from '../ui/decimal.ts';
import { Field } from '../ui/Sheet.tsx';
import { Empty, Failed, Skeleton } from '../ui/States.tsx';
import { day, month as monthName } from '../ui/time.ts';
import ui from '../ui/ui.module.css';
import { Choice, FormSheet, wholeOf } from './parts.tsx';
import { changeMeter, type Meter, type MeterChange, previewMeter, readMeter, readMeters } from './read.ts';
import { type SettingsSearch } from './search.ts';

export function Meters({ search }: { readonly search: SettingsSearch }) {
  const page = useRead(['listKinds', search], (signal) => readMeters(search, signal), { keepsPrevious: true });
  const [edited, setEdited] = useState<Meter | null>(null);
  return (
    <>
      <div className={styles.tools}>
        <SearchField q={search.q} label="Meter or kind of resource" />
        <Csv path="/kinds" query={{ q: search.q }} file="meters" />
      </div>
      <Listed query={page} cursor={search.cursor} rows={12} empty={<Empty title="No meter matches." />}>
        {({ items }) => (
          <DataTable label="Meters" isCards>
            <thead>
              <tr>
                <th scope="col">Meter</th>
                <th scope="col">Metered</th>
                <th scope="col">Of</th>
                <th scope="col">Unit</th>
                <th scope="col">Counts while</th>
                <th scope="col" className={styles.figure}>
                  Kept, days
                </th>
                <th scope="col">
                  <span className="visually-hidden">Actions</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {items.map((meter) => (
                <tr key={meter.kind} data-row="">
                  <th scope="row">
                    {meter.title} <span className={`${ui.note} ${ui.mono} ${styles.spare}`}>{meter.kind}</span>
                  </th>
                  <td className={meter.enabled ? undefined : styles.muted}>
                    {meter.enabled ? `by ${meter.granularity}` : 'no'}
                  </td>
                  <td className={styles.spare}>{meter.resourceKind.replaceAll('_', ' ')}</td>
                  <td className={styles.spare}>{meter.unit}</td>
                  <td className={styles.spare}>{meaningOf(meter)}</td>
                  <td className={`${styles.figure} ${styles.spare}`}>{grouped(String(meter.retentionDays))}</td>
                  <td className={styles.rowActs}>
                    <Act
                      operation="changeKind"
                      needs="operator"
                      label={`Change ${meter.title}`}
                      onAct={() => setEdited(meter)}
                    >
                      Change
                    </Act>
                  </td>
                </tr>
              ))}
            </tbody>
          </DataTable>
        )}
      </Listed>
      {edited === null ? null : <MeterSheet meter={edited} onClose={() => setEdited(null)} />}
    </>
  );
}

function meaningOf({ statuses, filter, weight }: Meter): string {
  const parts = [
    statuses === null ? '' : `status is ${statuses.join(' or ')}`,
    ...Object.entries(filter).map(([name, value]) => `${name} is ${String(value)}`),
    weight === null ? '' : `times ${weight.attribute}${weight.divisor === '1' ? '' : ` / ${weight.divisor}`}`,
  ];
  return parts.filter((part) => part !== '').join(', ') || 'always';
}

/** From a day on; which metered days that concerns is said before it is written. */
function MeterSheet({ meter, onClose }: { readonly meter: Meter; readonly onClose: () => void }) {
  const { data: me } = useMe();
  const [title, setTitle] = useState(meter.title);
  const [enabled, setEnabled] = useState<'yes' | 'no'>(meter.enabled ? 'yes' : 'no');
  const [granularity, setGranularity] = useState(meter.granularity);
  const [retention, setRetention] = useState(String(meter.retentionDays));
  const [fromDay, setFromDay] = useState('');
  const held = useQuery({
    queryKey: ['meterToEdit', meter.kind],
    queryFn: ({ signal }) => readMeter(meter.kind, signal),
    gcTime: 0,
    staleTime: 'static',
  });
  const retentionDays = wholeOf(retention);
  const changed: MeterChange = {
    ...(title === meter.title ? {} : { title }),
    ...((enabled === 'yes') === meter.enabled ? {} : { enabled: enabled === 'yes' }),
    ...(granularity === meter.granularity ? {} : { granularity }),
    ...(retentionDays === null || retentionDays === meter.retentionDays ? {} : { retentionDays }),
  };
  const isChanged = Object.keys(changed).length > 0 && retentionDays !== null && title.trim() !== '';
  const body: MeterChange = { ...changed, ...(fromDay === '' ? {} : { fromDay }) };
  const etag = held.data?.etag ?? '*';
  const text = JSON.stringify(body);
  const isQuiet = useQuiet(text) === text;
  const preview = useQuery({
    queryKey: ['meterPreview', meter.kind, body],
    queryFn: ({ signal }) => previewMeter(meter.kind, body, etag, signal),
    enabled: isChanged && isQuiet && held.data !== undefined,
    gcTime: 0,
    retry: false,
  });
  const change = useChange({
    write: (sent: MeterChange, headers) => changeMeter(meter.kind, sent, etag, headers),
    onDone: onClose,
  });
  const now = me?.now ?? '';
  return (
    <FormSheet
      title={`Change ${meter.title}`}
      onClose={onClose}
      change={change}
      body={isChanged && isQuiet && preview.isSuccess && !preview.isFetching ? body : null}
      verb={
        preview.data == null || preview.data.days === 0 ? 'Change' : `Change, and meter ${preview.data.days} days again`
      }
    >
      <Field label="Title" value={title} onChange={setTitle} />
      <HowChoices enabled={enabled} granularity={granularity} onEnabled={setEnabled} onGranularity={setGranularity} />
      <Field label="Records are kept, days" value={retention} onChange={setRetention} />
      <Field label="From (UTC day; empty: from today on)" type="date" value={fromDay} onChange={setFromDay} />
      {preview.isFetching ? <Skeleton rows={2} /> : null}
      {preview.error === null ? null : <Failed problem={preview.error} onRetry={() => void preview.refetch()} />}
      {preview.data == null || preview.isFetching ? null : <Again preview={preview.data} now={now} />}
      <History configs={held.data?.data.configs ?? []} now={now} />
    </FormSheet>
  );
}

interface HowChoicesProps {
  readonly enabled: 'yes' | 'no';
  readonly granularity: 'day' | 'hour';
  readonly onEnabled: (enabled: 'yes' | 'no') => void;
  readonly onGranularity: (granularity: 'day' | 'hour') => void;
}

function HowChoices({ enabled, granularity, onEnabled, onGranularity }: HowChoicesProps) {
  return (
    <>
      <Choice
        label="Metered"
        value={enabled}
        values={[
          ['yes', 'yes'],
          ['no', 'no'],
        ]}
        onChange={onEnabled}
      />
      <Choice
        label="Granularity"
        value={granularity}
        values={[
          ['day', 'by day'],
          ['hour', 'by hour'],
        ]}
        onChange={onGranularity}
      />
    </>
  );
}

interface AgainProps {
  readonly preview: NonNullable<Awaited<ReturnType<typeof previewMeter>>>;
  readonly now: string;
}

/** Which days are metered again, and what that may lead to. */
function Again({ preview: { days, from, to, months }, now }: AgainProps) {
  if (days === 0 || from === null || to === null) return <p role="status">No metered day changes.</p>;
  return (
    <p role="status">
      {days} metered days would be metered again, {day(from, now)} to {day(to, now)}: {months.map(monthName).join(', ')}
      . Where a month is issued already and its amount changes, a correction is proposed.
    </p>
  );
}

interface HistoryProps {
  readonly configs: Awaited<ReturnType<typeof readMeter>>['data']['configs'];
  readonly now: string;
}

/** How it was metered from which day on. */
function History({ configs, now }: HistoryProps) {
  if (configs.length === 0) return null;
  return (
    <DataTable label="So far">
      <thead>
        <tr>
          <th scope="col">From</th>
          <th scope="col">Metered</th>
          <th scope="col" className={styles.figure}>
            Kept, days
          </th>
        </tr>
      </thead>
      <tbody>
        {configs.map(({ fromDay, enabled, granularity, retentionDays }) => (
          <tr key={fromDay}>
            <th scope="row">{fromDay === '2000-01-01' ? 'the beginning' : day(fromDay, now)}</th>
            <td>{enabled ? `by ${granularity}` : 'no'}</td>
            <td className={styles.figure}>{retentionDays}</td>
          </tr>
        ))}
      </tbody>
    </DataTable>
  );
}
