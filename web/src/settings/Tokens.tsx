import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { useChange } from '../app/change.ts';
import { useRead } from '../app/reads.ts';
import { DataTable } from '../lists/DataTable.tsx';
import styles from '../lists/lists.module.css';
import { Csv, Listed, SearchField } from '../lists/parts.tsx';
import { Act } from '../ui/Act.tsx';
import { Field, Sheet } from '../ui/Sheet.tsx';
import { Empty, Failed } from '../ui/States.tsx';
import { exactMoment } from '../ui/time.ts';
import ui from '../ui/ui.module.css';
import { Choice, FormSheet } from './parts.tsx';
import { checkToken, readRevocations, type Revoked, revokeTokens } from './read.ts';
import { type SettingsSearch } from './search.ts';

/** Tokens are issued elsewhere, and kept nowhere: here they are refused before they end, and looked at. */
export function Tokens({ search }: { readonly search: SettingsSearch }) {
  const page = useRead(['listTokenRevocations', search], (signal) => readRevocations(search, signal), {
    keepsPrevious: true,
  });
  const [sheet, setSheet] = useState<'revoke' | 'check' | null>(null);
  return (
    <>
      <p className={ui.note}>
        A customer's token is issued by{' '}
        <code className={ui.mono}>arcadia token issue --role customer --customer cus_1</code> or by whoever signs your
        people in. None is kept here, so that none can be listed: only what is refused is.
      </p>
      <div className={styles.tools}>
        <SearchField q={search.q} label="Token id, subject or reason" />
        <Csv path="/tokens/revocations" query={{ q: search.q }} file="revoked-tokens" />
        <Act operation="revokeTokens" needs="operator" onAct={() => setSheet('revoke')}>
          Revoke tokens
        </Act>
        <Act operation="checkToken" needs="operator" onAct={() => setSheet('check')}>
          Check a token
        </Act>
      </div>
      <Listed
        query={page}
        cursor={search.cursor}
        rows={4}
        empty={<Empty title="No token is refused before its end." />}
      >
        {({ items }) => (
          <DataTable label="Revoked tokens" isCards>
            <thead>
              <tr>
                <th scope="col">Refused</th>
                <th scope="col">Reason</th>
                <th scope="col">Revoked</th>
                <th scope="col">Kept until</th>
              </tr>
            </thead>
            <tbody>
              {items.map((row) => (
                <tr key={row.revocation} data-row="">
                  <th scope="row">{nameOf(row)}</th>
                  <td className={styles.wide}>{row.reason}</td>
                  <td className={styles.spare}>
                    {exactMoment(row.revokedAt)} <span className={ui.note}>{row.revokedBy}</span>
                  </td>
                  <td className={styles.spare}>{row.expiresAt === null ? 'for ever' : exactMoment(row.expiresAt)}</td>
                </tr>
              ))}
            </tbody>
          </DataTable>
        )}
      </Listed>
      {sheet === 'revoke' ? <RevokeSheet onClose={() => setSheet(null)} /> : null}
      {sheet === 'check' ? <CheckSheet onClose={() => setSheet(null)} /> : null}
    </>
  );
}

interface Refused {
  readonly tokenId: string | null;
  readonly subject: string | null;
  readonly issuedBefore: string | null;
}

function nameOf({ tokenId, subject, issuedBefore }: Refused): string {
  const parts = [
    tokenId === null ? '' : `token ${tokenId}`,
    subject === null ? '' : `tokens of ${subject}`,
    issuedBefore === null ? '' : `issued before ${exactMoment(issuedBefore)}`,
  ];
  return parts.filter((part) => part !== '').join(', ');
}

function RevokeSheet({ onClose }: { readonly onClose: () => void }) {
  const [by, setBy] = useState<'subject' | 'tokenId'>('subject');
  const [name, setName] = useState('');
  const [reason, setReason] = useState('');
  const change = useChange({ write: (body: Revoked, headers) => revokeTokens(body, headers), onDone: onClose });
  const [who, why] = [name.trim(), reason.trim()];
  const body =
    who === '' || why === '' ? null : { ...(by === 'subject' ? { subject: who } : { tokenId: who }), reason: why };
  return (
    <FormSheet title="Revoke tokens" onClose={onClose} change={change} body={body} verb="Revoke">
      <Choice
        label="Which"
        value={by}
        values={[
          ['subject', 'all issued so far to a subject'],
          ['tokenId', 'one, by its id (claim jti)'],
        ]}
        onChange={setBy}
      />
      <Field label={by === 'subject' ? 'Subject' : 'Token id'} value={name} onChange={setName} />
      <Field label="Reason, for the record" value={reason} onChange={setReason} />
      <p className={ui.note}>
        Every process refuses them within two seconds. It cannot be undone: issue a new token instead.
      </p>
    </FormSheet>
  );
}

function CheckSheet({ onClose }: { readonly onClose: () => void }) {
  const [token, setToken] = useState('');
  const check = useMutation({ mutationFn: () => checkToken(token.trim()) });
  const found = check.data;
  return (
    <Sheet
      title="Check a token"
      onClose={onClose}
      action={
        <button
          type="button"
          className={`${ui.button} ${ui.primary}`}
          disabled={token.trim() === '' || check.isPending}
          onClick={() => check.mutate()}
        >
          Check
        </button>
      }
    >
      <Field label="Token" rows={4} value={token} onChange={setToken} />
      {check.error === null ? null : <Failed problem={check.error} onRetry={() => check.mutate()} />}
      {found === undefined ? null : (
        <dl className={styles.facts} role="status">
          <dt>Here</dt>
          <dd>
            {found.accepted ? `accepted as ${found.role ?? '?'}` : `refused: ${found.reason ?? 'no reason given'}`}
          </dd>
          <dt>Customer</dt>
          <dd>{found.customer ?? '–'}</dd>
          <dt>Subject</dt>
          <dd>{found.subject ?? '–'}</dd>
          <dt>Token id</dt>
          <dd>{found.tokenId ?? '–'}</dd>
          <dt>Ends</dt>
          <dd>{found.expiresAt === null ? '–' : exactMoment(found.expiresAt)}</dd>
        </dl>
      )}
    </Sheet>
  );
}
