import type { UseQueryResult } from '@tanstack/react-query';
import { useSearch } from '@tanstack/react-router';
import { useRead } from '../app/reads.ts';
import styles from '../lists/lists.module.css';
import { Chip, Csv } from '../lists/parts.tsx';
import { grouped } from '../ui/decimal.ts';
import { Failed, States } from '../ui/States.tsx';
import ui from '../ui/ui.module.css';
import { DeadLetters } from './DeadLetters.tsx';
import { Events } from './Events.tsx';
import { Meters } from './Meters.tsx';
import { readSources, type Source } from './read.ts';
import type { GatewaySearch } from './search.ts';
import { SourceTable } from './SourceTable.tsx';

const tabWords = [
  [undefined, 'Sources'],
  ['events', 'Events'],
  ['dead', 'Dead letters'],
  ['meters', 'Meters'],
] as const;

/** Who sends, what comes, what of it counts, and what does not? */
export function Gateway() {
  const { m: _month, why: _why, ...search } = useSearch({ from: '/gateway' });
  const sources = useRead(['listGatewaySources'], readSources);
  return (
    <div className={styles.page}>
      <header className={styles.head}>
        <div>
          <h1 tabIndex={-1}>{sources.data === undefined ? 'Gateway' : sentenceOf(sources.data.items)}</h1>
          <p className={ui.note}>
            Gateways send what they see as CloudEvents. Each counts once, or is listed with the reason why it does not.
          </p>
        </div>
        {search.tab === undefined ? <Csv path="/gateway/sources" query={{}} file="gateway-sources" /> : null}
      </header>
      <div className={styles.tools} role="group" aria-label="What is listed">
        {tabWords.map(([tab, text]) => (
          <Chip key={text} name="tab" value={tab} chosen={search.tab}>
            {text}
          </Chip>
        ))}
      </div>
      {search.tab === undefined || sources.error === null ? null : (
        <Failed problem={sources.error} onRetry={() => void sources.refetch()} />
      )}
      <Part search={search} sources={sources} />
    </div>
  );
}

interface PartProps {
  readonly search: GatewaySearch;
  readonly sources: UseQueryResult<Awaited<ReturnType<typeof readSources>>, Error>;
}

function Part({ search, sources }: PartProps) {
  const names = sources.data?.items.map(({ source }) => source) ?? [];
  switch (search.tab) {
    case undefined:
      return (
        <States query={sources} rows={4}>
          {({ items }) => <SourceTable items={items} />}
        </States>
      );
    case 'events':
      return <Events search={search} sources={names} />;
    case 'dead':
      return <DeadLetters search={search} sources={names} />;
    case 'meters':
      return <Meters />;
  }
}

function sentenceOf(sources: readonly Source[]): string {
  if (sources.length === 0) return 'No source sends events.';
  const sum = (of: (source: Source) => number) => sources.reduce((count, source) => count + of(source), 0);
  const [waiting, dead] = [sum(({ backlog }) => backlog), sum((source) => source.dead)];
  const senders = `${grouped(String(sources.length))} ${sources.length === 1 ? 'source' : 'sources'}`;
  const waits =
    waiting === 0 ? 'nothing waits' : `${grouped(String(waiting))} ${waiting === 1 ? 'event waits' : 'events wait'}`;
  const letters =
    dead === 0 ? 'no dead letters' : `${grouped(String(dead))} ${dead === 1 ? 'dead letter' : 'dead letters'}`;
  return `${senders}: ${waits}, ${letters}.`;
}
