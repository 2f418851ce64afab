import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useRef, useState } from 'react';
import { useChange } from '../app/change.ts';
import { useRead } from '../app/reads.ts';
import styles from '../lists/lists.module.css';
import { Csv, Listed, SearchField } from '../lists/parts.tsx';
import { Act } from '../ui/Act.tsx';
import { Field } from '../ui/Sheet.tsx';
import { Empty, Failed, States } from '../ui/States.tsx';
import ui from '../ui/ui.module.css';
import { FormSheet, linesOf, wholeOf } from './parts.tsx';
import {
  changeSeller,
  createSeller,
  readSeller,
  readSellers,
  type Seller,
  type SellerChange,
  setAsset,
} from './read.ts';
import { type SettingsSearch } from './search.ts';
import own from './settings.module.css';

export function Sellers({ search }: { readonly search: SettingsSearch }) {
  const page = useRead(['listLegalEntities', search], (signal) => readSellers(search, signal), { keepsPrevious: true });
  const [edited, setEdited] = useState<string | null>(null);
  const [isNew, setNew] = useState(false);
  return (
    <>
      <div className={styles.tools}>
        <SearchField q={search.q} label="Seller" />
        <Csv path="/legal-entities" query={{ q: search.q }} file="sellers" />
        <Act operation="createLegalEntity" needs="finance" onAct={() => setNew(true)}>
          New seller
        </Act>
      </div>
      <Listed query={page} cursor={search.cursor} rows={3} empty={<Empty title="No seller matches." />}>
        {({ items }) => (
          <ul className={own.sellers}>
            {items.map((seller) => (
              <li key={seller.entity} className={ui.card}>
                <SellerCard seller={seller} onEdit={() => setEdited(seller.entity)} />
              </li>
            ))}
          </ul>
        )}
      </Listed>
      {edited === null ? null : <EditSheet entity={edited} onClose={() => setEdited(null)} />}
      {isNew ? <NewSheet onClose={() => setNew(false)} /> : null}
    </>
  );
}

function SellerCard({ seller, onEdit }: { readonly seller: Seller; readonly onEdit: () => void }) {
  const { entity, isDefault, name, address, taxIds, email, numbering, invoicePrefix, termsDays, logo, font } = seller;
  return (
    <div className={ui.cardBody}>
      <div className={styles.head}>
        <h2>
          {name ?? <span className={styles.wrong}>▲ No name: nothing is issued without it</span>}{' '}
          <span className={ui.note}>
            {isDefault && entity === 'default' ? 'the default' : `${entity}${isDefault ? ', the default' : ''}`}
          </span>
        </h2>
        <Act operation="updateLegalEntity" needs="finance" label={`Change ${entity}`} onAct={onEdit}>
          Change
        </Act>
      </div>
      <dl className={styles.facts}>
        <dt>Address</dt>
        <dd>{address.length === 0 ? '–' : address.join(', ')}</dd>
        <dt>Tax ids</dt>
        <dd>{taxIds.length === 0 ? '–' : taxIds.join(', ')}</dd>
        <dt>Email</dt>
        <dd>{email ?? '–'}</dd>
        <dt>Numbers</dt>
        <dd>{numbering === 'external' ? 'from the accounting system' : `begin with ${invoicePrefix}`}</dd>
        <dt>To pay within</dt>
        <dd>{termsDays} days</dd>
        <dt>Logo</dt>
        <dd>
          {logo === null ? (
            '–'
          ) : (
            <img
              className={own.logo}
              alt={`Logo of ${name ?? entity}`}
              key={logo}
              src={`/api/v1/legal-entities/${encodeURIComponent(entity)}/logo`}
            />
          )}
          <Asset entity={entity} what="logo" accept="image/png,image/jpeg" isThere={logo !== null} />
        </dd>
        <dt>Font</dt>
        <dd>
          {font === null ? 'Inter' : 'its own'}
          <Asset entity={entity} what="font" accept=".ttf,.otf" isThere={font !== null} />
        </dd>
      </dl>
    </div>
  );
}

interface AssetProps {
  readonly entity: string;
  readonly what: 'logo' | 'font';
  readonly accept: string;
  readonly isThere: boolean;
}

/** The file that its documents are drawn with. Issued ones keep theirs. */
function Asset({ entity, what, accept, isThere }: AssetProps) {
  const client = useQueryClient();
  const field = useRef<HTMLInputElement>(null);
  const [problem, setProblem] = useState<Error | null>(null);
  const [isBusy, setBusy] = useState(false);
  const operation = what === 'logo' ? 'LegalEntityLogo' : 'LegalEntityFont';
  const send = (file: File | null) => {
    setBusy(true);
    setProblem(null);
    setAsset(entity, what, file)
      .then(() => client.invalidateQueries({ queryKey: ['listLegalEntities'] }))
      .catch((error: unknown) => setProblem(error instanceof Error ? error : new Error(String(error))))
      .finally(() => setBusy(false));
  };
  return (
    <span className={own.asset}>
      <input
        ref={field}
        type="file"
        accept={accept}
        hidden
        aria-label={`File of the ${what} of ${entity}`}
        onChange={({ target }) => {
          const [file] = target.files ?? [];
          if (file !== undefined) send(file);
          target.value = '';
        }}
      />
      <Act
        operation={`set${operation}`}
        needs="finance"
        isBusy={isBusy}
        label={`${isThere ? 'Replace' : 'Set'} the ${what} of ${entity}`}
        onAct={() => field.current?.click()}
      >
        {isThere ? 'Replace' : 'Set'}
      </Act>
      {isThere ? (
        <Act
          operation={`remove${operation}`}
          needs="finance"
          isBusy={isBusy}
          label={`Remove the ${what} of ${entity}`}
          onAct={() => send(null)}
        >
          Remove
        </Act>
      ) : null}
      {problem === null ? null : <Failed isChange problem={problem} onRetry={() => setProblem(null)} />}
    </span>
  );
}

interface Details {
  readonly name: string;
  readonly address: string;
  readonly taxIds: string;
  readonly email: string;
  readonly footer: string;
  readonly termsDays: string;
}

const none: Details = { name: '', address: '', taxIds: '', email: '', footer: '', termsDays: '14' };

function detailsOf({ name, address, taxIds, email, footer, termsDays }: Seller): Details {
  return {
    name: name ?? '',
    address: address.join('\n'),
    taxIds: taxIds.join('\n'),
    email: email ?? '',
    footer: footer ?? '',
    termsDays: String(termsDays),
  };
}

/** Only what differs is sent: the rest keeps its value. */
function changeOf(before: Details, after: Details): SellerChange {
  const terms = wholeOf(after.termsDays);
  return {
    ...(after.name === before.name ? {} : { name: after.name.trim() }),
    ...(after.address === before.address ? {} : { address: linesOf(after.address) }),
    ...(after.taxIds === before.taxIds ? {} : { taxIds: linesOf(after.taxIds) }),
    ...(after.email === before.email ? {} : { email: after.email.trim() === '' ? null : after.email.trim() }),
    ...(after.footer === before.footer ? {} : { footer: after.footer.trim() === '' ? null : after.footer }),
    ...(after.termsDays === before.termsDays || terms === null ? {} : { termsDays: terms }),
  };
}

interface FieldsProps {
  readonly details: Details;
  readonly onChange: (details: Details) => void;
}

function Fields({ details, onChange }: FieldsProps) {
  const set = (name: keyof Details) => (value: string) => onChange({ ...details, [name]: value });
  return (
    <>
      <Field label="Name, as printed" value={details.name} onChange={set('name')} />
      <Field label="Address, a line each" rows={4} value={details.address} onChange={set('address')} />
      <Field label="Tax ids, a line each" rows={2} value={details.taxIds} onChange={set('taxIds')} />
      <Field label="Email" value={details.email} onChange={set('email')} />
      <Field label="Below the totals" rows={3} value={details.footer} onChange={set('footer')} />
      <Field label="To pay within, days" value={details.termsDays} onChange={set('termsDays')} />
    </>
  );
}

function EditSheet({ entity, onClose }: { readonly entity: string; readonly onClose: () => void }) {
  const held = useQuery({
    queryKey: ['sellerToEdit', entity],
    queryFn: ({ signal }) => readSeller(entity, signal),
    gcTime: 0,
    staleTime: 'static',
  });
  const [typed, setTyped] = useState<Details | null>(null);
  const [from, setFrom] = useState('');
  const before = held.data === undefined ? none : detailsOf(held.data.data);
  const details = typed ?? before;
  const changed = changeOf(before, details);
  const change = useChange({
    write: (body: SellerChange, headers) => changeSeller(entity, body, held.data?.etag ?? '*', headers),
    onDone: onClose,
  });
  const body = Object.keys(changed).length === 0 ? null : { ...changed, ...(from === '' ? {} : { from }) };
  return (
    <FormSheet title={`Change ${entity}`} onClose={onClose} change={change} body={body} verb="Change the seller">
      <States query={held} rows={8}>
        {() => <Fields details={details} onChange={setTyped} />}
      </States>
      <Field
        label="From (UTC day; empty: from today on, the first time from the beginning)"
        type="date"
        value={from}
        onChange={setFrom}
      />
      <p className={ui.note}>
        An invoice has what holds on the last day of its month. Issued invoices are not affected.
      </p>
    </FormSheet>
  );
}

function NewSheet({ onClose }: { readonly onClose: () => void }) {
  const [entity, setEntity] = useState('');
  const [details, setDetails] = useState(none);
  const change = useChange({
    write: ({ slug, ...body }: SellerChange & { readonly slug: string }, headers) => createSeller(slug, body, headers),
    onDone: onClose,
  });
  const isSlug = /^[a-z0-9][a-z0-9-]{0,62}$/.test(entity);
  return (
    <FormSheet
      title="New seller"
      onClose={onClose}
      change={change}
      body={isSlug && details.name.trim() !== '' ? { slug: entity, ...changeOf(none, details) } : null}
      verb="Create the seller"
    >
      <Field label="Slug (lower-case letters, digits and hyphens)" value={entity} onChange={setEntity} />
      <Fields details={details} onChange={setDetails} />
    </FormSheet>
  );
}
