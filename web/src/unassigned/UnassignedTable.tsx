import { DataTable } from '../lists/DataTable.tsx';
import styles from '../lists/lists.module.css';
import { Money, Unknown } from '../ui/Figure.tsx';
import { age, day } from '../ui/time.ts';
import ui from '../ui/ui.module.css';
import type { UnassignedRow } from './read.ts';

interface UnassignedTableProps {
  readonly items: readonly UnassignedRow[];
  readonly now: string;
  readonly chosen: ReadonlySet<number>;
  /** null: whoever looks may not assign. */
  readonly onChoose: ((chosen: ReadonlySet<number>) => void) | null;
}

/** In rows, to be chosen; a choice is of ids, and no update changes it. */
export function UnassignedTable({ items, now, chosen, onChoose }: UnassignedTableProps) {
  const isAll = items.every(({ resourceId }) => chosen.has(resourceId));
  const chooseAll = () => {
    const next = new Set(chosen);
    for (const { resourceId } of items) {
      if (isAll) next.delete(resourceId);
      else next.add(resourceId);
    }
    onChoose?.(next);
  };
  const choose = (resourceId: number) => {
    const next = new Set(chosen);
    if (!next.delete(resourceId)) next.add(resourceId);
    onChoose?.(next);
  };
  return (
    <DataTable label="Unassigned" isCards>
      <thead>
        <tr>
          <th scope="col">
            {onChoose === null ? null : (
              <label>
                <input type="checkbox" checked={isAll} onChange={chooseAll} />
                <span className="visually-hidden">Choose all on this page</span>
              </label>
            )}{' '}
            Name
          </th>
          <th scope="col" className={styles.figure}>
            Cost a month
          </th>
          <th scope="col">Kind</th>
          <th scope="col">Unassigned since</th>
          <th scope="col">May belong to</th>
        </tr>
      </thead>
      <tbody>
        {items.map((item) => (
          <Row
            key={item.resourceId}
            item={item}
            now={now}
            isChosen={chosen.has(item.resourceId)}
            onChoose={onChoose === null ? null : choose}
          />
        ))}
      </tbody>
    </DataTable>
  );
}

interface RowProps {
  readonly item: UnassignedRow;
  readonly now: string;
  readonly isChosen: boolean;
  readonly onChoose: ((resourceId: number) => void) | null;
}

function Row({ item, now, isChosen, onChoose }: RowProps) {
  const { resourceId, name, externalId, kind, since, costPerMonth, suggestion } = item;
  const called = name === '' ? externalId : name;
  return (
    <tr data-row="">
      <th scope="row" title={externalId}>
        {onChoose === null ? (
          called
        ) : (
          <label>
            <input type="checkbox" checked={isChosen} onChange={() => onChoose(resourceId)} /> {called}
          </label>
        )}
      </th>
      <td className={styles.figure}>
        {costPerMonth === null ? (
          <Unknown reason="Not known: no price of the price book says it alone." />
        ) : (
          <Money amount={costPerMonth.amount} currency={costPerMonth.currency} />
        )}
      </td>
      <td className={styles.spare}>{kind.replaceAll('_', ' ')}</td>
      <td className={styles.spare} title={since}>
        {day(since, now)} <span className={ui.note}>{age(since, now)}</span>
      </td>
      <td className={styles.spare} title={suggestion?.reason}>
        {suggestion === null ? '–' : suggestion.rule.deployment}
      </td>
    </tr>
  );
}
