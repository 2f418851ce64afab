import type { ReactNode } from 'react';
import { useRead } from '../app/reads.ts';
import styles from '../lists/lists.module.css';
import { quantity } from '../ui/decimal.ts';
import { Sheet } from '../ui/Sheet.tsx';
import { States } from '../ui/States.tsx';
import { exactMoment } from '../ui/time.ts';
import ui from '../ui/ui.module.css';
import { readEvent } from './read.ts';
import { reasonText, stateWords } from './words.ts';

/** An event as it was sent, and what it counts as or did. */
export function EventSheet({ number, onClose }: { readonly number: number; readonly onClose: () => void }) {
  const event = useRead(['getGatewayEvent', number], (signal) => readEvent(number, signal));
  return (
    <Sheet title={`Event ${event.data?.eventId ?? number}`} onClose={onClose} action={null}>
      <States query={event} rows={8}>
        {({ source, type, subject, time, receivedAt, state, reason, data, raw, usage, effect }) => (
          <>
            <dl className={styles.facts}>
              <Fact name="Source">{source}</Fact>
              <Fact name="Type">{type}</Fact>
              <Fact name="About">{subject ?? 'nothing'}</Fact>
              <Fact name="Time">{time === null ? 'none that can be read' : exactMoment(time)}</Fact>
              <Fact name="Received">{exactMoment(receivedAt)}</Fact>
              <Fact name="What became of it">
                {stateWords[state]}
                {reason === null ? '' : `: ${reasonText(reason)}`}
              </Fact>
              {effect?.fromDay == null ? null : <Fact name="Holds from">{effect.fromDay}</Fact>}
              {effect?.detail == null ? null : <Fact name="Refused">{effect.detail}</Fact>}
              {usage.map(({ meter, value }) => (
                <Fact key={meter} name={meter}>
                  {quantity(value)}
                </Fact>
              ))}
            </dl>
            <pre className={ui.mono} tabIndex={0} aria-label="As it was sent">
              {raw ?? data ?? 'no data'}
            </pre>
          </>
        )}
      </States>
    </Sheet>
  );
}

function Fact({ name, children }: { readonly name: string; readonly children: ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
