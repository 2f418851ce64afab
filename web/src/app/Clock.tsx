import { useMutation, useQueryClient } from '@tanstack/react-query';
import { api, bodyOf } from '../api/client.ts';
import { exactMoment, moment } from '../ui/time.ts';
import styles from './frame.module.css';
import type { Me } from './session.ts';

/** Simulated seconds in a second, and how a person says it. */
const paces = [
  [0, 'stands still'],
  [60, 'an hour a minute'],
  [360, 'an hour in 10 s'],
] as const;

/** What time it is for the accounts. A simulated clock says so, and can be set to go faster or to stand still. */
export function Clock({ me: { now, simulated, pace, may } }: { readonly me: Me }) {
  const client = useQueryClient();
  const { mutate, isPending } = useMutation({
    mutationFn: async (chosen: number) => bodyOf(api.PATCH('/clock', { body: { pace: chosen } })),
    onSettled: () => client.invalidateQueries({ queryKey: ['getMe'] }),
  });
  const shown = (
    <span>
      {moment(now, now)} UTC{simulated ? ', simulated' : ''}
    </span>
  );
  if (!simulated || pace === null || !may.includes('setClock'))
    return (
      <span className={styles.clock} data-simulated={simulated} title={exactMoment(now)}>
        {shown}
      </span>
    );
  const known = paces.some(([value]) => value === pace);
  return (
    <span className={styles.clock} data-simulated={simulated} title={exactMoment(now)}>
      {shown}
      <select
        aria-label="How fast the simulated clock goes"
        value={pace}
        disabled={isPending}
        onChange={({ target }) => {
          const chosen = paces.find(([value]) => String(value) === target.value);
          if (chosen !== undefined) mutate(chosen[0]);
        }}
      >
        {known ? null : <option value={pace}>{pace}x</option>}
        {paces.map(([value, label]) => (
          <option key={value} value={value}>
            {label}
          </option>
        ))}
      </select>
    </span>
  );
}
