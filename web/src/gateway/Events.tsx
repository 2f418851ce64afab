import { useState } from 'react';
import { useRead } from '../app/reads.ts';
import { useMe } from '../app/session.ts';
import { DataTable } from '../lists/DataTable.tsx';
import styles from '../lists/lists.module.css';
import { Chip, FilterSelect, Listed } from '../lists/parts.tsx';
import { Empty } from '../ui/States.tsx';
import { moment } from '../ui/time.ts';
import ui from '../ui/ui.module.css';
import { EventSheet } from './EventSheet.tsx';
import { type GatewayEvent, readEvents } from './read.ts';
import type { GatewaySearch } from './search.ts';
import { reasonText, stateWords } from './words.ts';

interface EventsProps {
  readonly search: GatewaySearch;
  readonly sources: readonly string[];
}

/** As they come, the newest first. */
export function Events({ search, sources }: EventsProps) {
  const { source, type, cursor } = search;
  const { data: me } = useMe();
  const asked = { source, type, cursor };
  const page = useRead(['listGatewayEvents', asked], (signal) => readEvents(search, signal), { keepsPrevious: true });
  const [shown, setShown] = useState<number | null>(null);
  return (
    <>
      <div className={styles.tools}>
        <FilterSelect
          label="Source"
          name="source"
          value={source}
          values={sources.map((each) => [each, each] as const)}
        />
        {type === undefined ? null : (
          <Chip name="type" value={undefined} chosen="">
            {type} ×
          </Chip>
        )}
      </div>
      <Listed
        query={page}
        cursor={cursor}
        rows={12}
        empty={<Empty title="No matching events." />}
        held={{ keyOf: ({ number }) => String(number), list: JSON.stringify(asked) }}
      >
        {({ items }, left) => <EventTable items={items} left={left} now={me?.now ?? ''} onShow={setShown} />}
      </Listed>
      {shown === null ? null : <EventSheet number={shown} onClose={() => setShown(null)} />}
    </>
  );
}

interface EventTableProps {
  readonly items: readonly GatewayEvent[];
  readonly left: ReadonlySet<string>;
  readonly now: string;
  readonly onShow: (number: number) => void;
}

function EventTable({ items, left, now, onShow }: EventTableProps) {
  return (
    <DataTable label="Events" isCards>
      <thead>
        <tr>
          <th scope="col">Event</th>
          <th scope="col">Type</th>
          <th scope="col">About</th>
          <th scope="col">Time</th>
          <th scope="col">Received</th>
          <th scope="col">What became of it</th>
        </tr>
      </thead>
      <tbody>
        {items.map(({ number, source, eventId, type, subject, time, receivedAt, state, reason }) => (
          <tr key={number} data-row="" data-left={left.has(String(number))}>
            <th scope="row">
              <button type="button" className={ui.link} onClick={() => onShow(number)}>
                {eventId}
              </button>
              <span className={ui.note}> {source}</span>
            </th>
            <td className={styles.spare}>{type}</td>
            <td className={`${ui.mono} ${styles.spare}`}>{subject ?? '–'}</td>
            <td className={styles.spare} title={time ?? undefined}>
              {time === null ? 'none' : moment(time, now)}
            </td>
            <td className={styles.spare} title={receivedAt}>
              {moment(receivedAt, now)}
            </td>
            <td className={reason === null ? undefined : styles.wrong}>
              {reason === null ? null : <span aria-hidden="true">▲ </span>}
              {stateWords[state]}
              {reason === null ? null : <span className={ui.note}> {reasonText(reason)}</span>}
            </td>
          </tr>
        ))}
      </tbody>
    </DataTable>
  );
}
