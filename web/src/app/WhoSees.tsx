import { Dialog } from '@base-ui/react/dialog';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { problemOf } from '../api/client.ts';
import { Failed, Skeleton } from '../ui/States.tsx';
import ui from '../ui/ui.module.css';
import styles from './frame.module.css';

type RolesOf = ReadonlyMap<string, readonly string[]>;

/** Which roles may call which operation, as the API's own document says. */
async function readRoles(signal: AbortSignal): Promise<RolesOf> {
  const response = await fetch('/api/v1/openapi.json', { signal });
  if (!response.ok) throw problemOf(await response.json().catch(() => null), response);
  const { paths } = (await response.json()) as {
    readonly paths: Readonly<
      Record<
        string,
        Readonly<Record<string, { readonly operationId?: string; readonly 'x-roles'?: readonly string[] }>>
      >
    >;
  };
  return new Map(
    Object.values(paths)
      .flatMap((methods) => Object.values(methods))
      .flatMap(({ operationId, 'x-roles': roles }) =>
        operationId === undefined || roles === undefined ? [] : [[operationId, roles] as const],
      ),
  );
}

/** Which roles see what is on the screen: by the reads that it is made of. */
export default function WhoSees({ onClose }: { readonly onClose: () => void }) {
  const client = useQueryClient();
  const [read] = useState(() =>
    client
      .getQueryCache()
      .findAll({ type: 'active' })
      .map(({ queryKey: [operation] }) => String(operation)),
  );
  const roles = useQuery({ queryKey: ['rolesOfOperations'], queryFn: ({ signal }) => readRoles(signal) });
  return (
    <Dialog.Root open onOpenChange={(isOpen) => (isOpen ? null : onClose())}>
      <Dialog.Portal>
        <Dialog.Backdrop className={styles.backdrop} />
        <Dialog.Popup className={styles.dialog}>
          <Dialog.Title render={<h2 />}>Who sees this view</Dialog.Title>
          {roles.error === null ? null : <Failed problem={roles.error} onRetry={() => void roles.refetch()} />}
          {roles.isPending ? <Skeleton rows={5} /> : null}
          {roles.data === undefined ? null : <Roles roles={roles.data} read={read} />}
          <p className={ui.note}>Customers see what is theirs, on pages of their own.</p>
          <Dialog.Close className={ui.button}>Close</Dialog.Close>
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

function Roles({ roles, read }: { readonly roles: RolesOf; readonly read: readonly string[] }) {
  const shown = read.filter((operation) => operation !== 'getMe' && roles.has(operation));
  if (shown.length === 0) return <p>This view reads nothing.</p>;
  const all = [...new Set([...roles.values()].flat())].filter((role) => role !== 'customer');
  return (
    <dl className={styles.keys}>
      {all.map((role) => {
        const may = shown.filter((operation) => roles.get(operation)?.includes(role) === true);
        return (
          <div key={role} style={{ display: 'contents' }}>
            <dt>{role}</dt>
            <dd>{may.length === shown.length ? 'all of it' : may.length === 0 ? 'nothing of it' : 'a part of it'}</dd>
          </div>
        );
      })}
    </dl>
  );
}
