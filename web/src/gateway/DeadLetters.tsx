import { useState } from 'react';
import { useRead } from '../app/reads.ts';
import { useMe } from '../app/session.ts';
import { DataTable } from '../lists/DataTable.tsx';
import styles from '../lists/lists.module.css';
import { Chip, Csv, FilterSelect, Listed } from '../lists/parts.tsx';
import { Act } from '../ui/Act.tsx';
import { Empty } from '../ui/States.tsx';
import { moment } from '../ui/time.ts';
import ui from '../ui/ui.module.css';
import { DecideSheet } from './DecideSheet.tsx';
import own from './gateway.module.css';
import { type DeadLetter, type Decision, isReplayable, readDeadLetters } from './read.ts';
import type { GatewaySearch } from './search.ts';
import { reasonText } from './words.ts';

interface DeadLettersProps {
  readonly search: GatewaySearch;
  readonly sources: readonly string[];
}

interface Deciding {
  readonly decision: Decision;
  readonly letter: DeadLetter;
}

/** What was stored and does not count, why, and what can be done about it. */
export function DeadLetters({ search, sources }: DeadLettersProps) {
  const { source, reason, cursor } = search;
  const { data: me } = useMe();
  const asked = { source, reason, cursor };
  const page = useRead(['listDeadLetters', asked], (signal) => readDeadLetters(search, signal), {
    keepsPrevious: true,
  });
  const [deciding, setDeciding] = useState<Deciding | null>(null);
  const [done, setDone] = useState<string | null>(null);
  return (
    <>
      <div className={styles.tools}>
        <FilterSelect
          label="Source"
          name="source"
          value={source}
          values={sources.map((each) => [each, each] as const)}
        />
        {reason === undefined ? null : (
          <Chip name="reason" value={undefined} chosen="">
            {reasonText(reason)} ×
          </Chip>
        )}
        <Csv path="/gateway/dead-letters" query={{ source, reason }} file="dead-letters" />
      </div>
      {done === null ? null : (
        <p role="status" className={own.done}>
          {done}
        </p>
      )}
      <Listed
        query={page}
        cursor={cursor}
        rows={8}
        empty={<Empty title="No dead letters." />}
        held={{ keyOf, list: JSON.stringify(asked) }}
      >
        {({ items }, left) => (
          <LetterTable
            items={items}
            left={left}
            now={me?.now ?? ''}
            onDecide={(decision, letter) => setDeciding({ decision, letter })}
          />
        )}
      </Listed>
      {deciding === null ? null : (
        <DecideSheet
          {...deciding}
          onClose={() => setDeciding(null)}
          onDone={(text) => {
            setDone(text);
            setDeciding(null);
          }}
        />
      )}
    </>
  );
}

const keyOf = ({ number, meter }: DeadLetter) => `${number} ${meter ?? ''}`;

interface LetterTableProps {
  readonly items: readonly DeadLetter[];
  readonly left: ReadonlySet<string>;
  readonly now: string;
  readonly onDecide: (decision: Decision, letter: DeadLetter) => void;
}

function LetterTable({ items, left, now, onDecide }: LetterTableProps) {
  return (
    <DataTable label="Dead letters" isCards>
      <thead>
        <tr>
          <th scope="col">Event</th>
          <th scope="col">Reason</th>
          <th scope="col">Type</th>
          <th scope="col">About</th>
          <th scope="col">Received</th>
          <th scope="col">
            <span className="visually-hidden">Actions</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {items.map((letter) => (
          <tr key={keyOf(letter)} data-row="" data-left={left.has(keyOf(letter))}>
            <th scope="row">
              {letter.eventId}
              <span className={ui.note}> {letter.source}</span>
            </th>
            <td className={styles.wrong}>
              <span aria-hidden="true">▲ </span>
              {reasonText(letter.reason)}
              {letter.meter === null ? null : <span className={ui.note}> for {letter.meter}</span>}
            </td>
            <td className={styles.spare}>{letter.type}</td>
            <td className={`${ui.mono} ${styles.spare}`}>{letter.subject ?? '–'}</td>
            <td className={styles.spare} title={letter.receivedAt}>
              {moment(letter.receivedAt, now)}
            </td>
            <td className={styles.rowActs}>
              <Act
                operation="retryDeadLetters"
                needs="operator"
                label={`Retry what died as ${letter.eventId} did`}
                onAct={() => onDecide('retry', letter)}
              >
                Retry
              </Act>
              {isReplayable(letter.reason) ? (
                <Act
                  operation="replayDeadLetters"
                  needs="operator"
                  label={`Count ${letter.eventId}`}
                  onAct={() => onDecide('replay', letter)}
                >
                  Count
                </Act>
              ) : null}
              <Act
                operation="dropDeadLetters"
                needs="operator"
                label={`Drop ${letter.eventId}`}
                onAct={() => onDecide('drop', letter)}
              >
                Drop
              </Act>
            </td>
          </tr>
        ))}
      </tbody>
    </DataTable>
  );
}
