import { Dialog } from '@base-ui/react/dialog';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useEffect, useState, type KeyboardEvent } from 'react';
import { api, bodyOf, type Schemas } from '../api/client.ts';
import { Icon } from '../ui/icons.tsx';
import styles from './palette.module.css';
import type { Layer } from './layer.ts';
import { live } from './live.ts';
import { placesOf } from './places.ts';
import { type Me, signOut } from './session.ts';
import { setTheme } from './theme.ts';

interface Choice {
  readonly id: string;
  readonly group: string;
  readonly label: string;
  readonly detail: string;
  readonly act: () => void;
}

/** What is always there, found by a word of its own as well. */
interface Command extends Choice {
  readonly alias: string;
}

interface PaletteProps {
  readonly me: Me;
  readonly onLayer: (layer: Layer | null) => void;
}

/** Goes, finds and does, by a few letters. */
export default function Palette({ me, onLayer }: PaletteProps) {
  const onClose = () => onLayer(null);
  const [text, setText] = useState('');
  const [at, setAt] = useState(0);
  const commands = useCommands(me, onLayer);
  const { found, isSearching, problem } = useFound(text, me);
  const wanted = text.trim().toLowerCase();
  const choices = [
    ...commands.filter(({ label, alias }) => `${label} ${alias}`.toLowerCase().includes(wanted)),
    ...found,
  ];
  const chosen = Math.min(at, choices.length - 1);
  const choose = (choice: Choice | undefined) => {
    if (choice === undefined) return;
    onClose();
    choice.act();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
    if (step !== 0) {
      event.preventDefault();
      setAt((chosen + step + choices.length) % Math.max(1, choices.length));
    } else if (event.key === 'Enter') {
      event.preventDefault();
      choose(choices[chosen]);
    }
  };
  return (
    <Dialog.Root open onOpenChange={(isOpen) => (isOpen ? null : onClose())}>
      <Dialog.Portal>
        <Dialog.Backdrop className={styles.backdrop} />
        <Dialog.Popup className={styles.popup}>
          <Dialog.Title className="visually-hidden">Search</Dialog.Title>
          <div className={styles.field}>
            <Icon name="search" />
            <input
              type="search"
              role="combobox"
              aria-label="Search"
              aria-expanded="true"
              aria-controls="choices"
              aria-autocomplete="list"
              {...(choices[chosen] === undefined ? {} : { 'aria-activedescendant': `choice-${choices[chosen].id}` })}
              placeholder="A name, an id, a view or a command"
              value={text}
              onChange={(event) => {
                setText(event.target.value);
                setAt(0);
              }}
              onKeyDown={onKeyDown}
            />
          </div>
          <Choices choices={choices} chosen={chosen} onPoint={setAt} onChoose={choose} />
          <p className={choices.length === 0 || problem !== null ? styles.note : 'visually-hidden'} role="status">
            {problem ?? (isSearching ? 'Searching' : choices.length === 0 ? `Nothing matches ${text.trim()}.` : '')}
          </p>
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

const typingMs = 120;

/** What the server finds for what was typed, once no letter follows for a moment; of the letters before, until then. */
function useFound(text: string, me: Me) {
  const [asked, setAsked] = useState('');
  const open = useOpenHit();
  useEffect(() => {
    const timer = setTimeout(() => setAsked(text.trim()), typingMs);
    return () => clearTimeout(timer);
  }, [text]);
  const isAsked = asked !== '' && me.may.includes('search');
  const { data, error, isFetching } = useQuery({
    queryKey: ['search', asked],
    queryFn: ({ signal }) => bodyOf(api.GET('/search', { params: { query: { q: asked, limit: hitsShown } }, signal })),
    enabled: isAsked,
    placeholderData: keepPreviousData,
    gcTime: 0,
  });
  const found = (isAsked ? (data?.groups ?? []) : []).flatMap(({ group, hits }) =>
    hits.map(
      ({ hitId: id, title, detail }): Choice => ({
        id: `found-${group}-${id}`,
        group: groupNames[group],
        label: title,
        detail,
        act: () => open(group, id),
      }),
    ),
  );
  return {
    found,
    isSearching: isFetching || asked !== text.trim(),
    problem: error === null ? null : `Nothing could be searched: ${error.message}`,
  };
}

const hitsShown = 6;

type HitGroup = Schemas['SearchResult']['groups'][number]['group'];

const groupNames: Readonly<Record<HitGroup, string>> = {
  deployment: 'Deployment',
  customer: 'Customer',
  resource: 'Resource',
  invoice: 'Invoice',
  plan: 'Plan',
  account: 'Account',
  rule: 'Rule',
  sync_run: 'Sync run',
  job: 'Job',
};

/** Shows what was found, in its view or its proof. */
function useOpenHit(): (group: HitGroup, id: string) => void {
  const navigate = useNavigate();
  return (group, id) => {
    switch (group) {
      case 'resource':
        return void navigate({ to: '/resources/$resource', params: { resource: id } });
      case 'deployment':
        return void navigate({ to: '/deployments/$deployment', params: { deployment: id } });
      case 'customer':
        return void navigate({ to: '/customers/$customer', params: { customer: id } });
      case 'invoice':
        return void navigate({ to: '/invoices/$invoice', params: { invoice: id } });
      case 'plan':
        return void navigate({ to: '/plans/$plan', params: { plan: id } });
      case 'account':
        return void navigate({ to: '/accounts/$account', params: { account: id } });
      case 'job':
        return void navigate({ to: '/jobs/$job', params: { job: id } });
      case 'rule':
        return void navigate({ to: '.', search: (before) => ({ ...before, why: `rule:${id}` }) });
      case 'sync_run':
        return void navigate({ to: '.', search: (before) => ({ ...before, why: `sync:${id}` }) });
    }
  };
}

interface ChoicesProps {
  readonly choices: readonly Choice[];
  readonly chosen: number;
  readonly onPoint: (index: number) => void;
  readonly onChoose: (choice: Choice) => void;
}

/** The field has the focus and the keys; these are pointed at. */
function Choices({ choices, chosen, onPoint, onChoose }: ChoicesProps) {
  return (
    <div id="choices" role="listbox" aria-label="Choices" className={styles.list}>
      {choices.map((choice, index) => (
        // oxlint-disable-next-line jsx-a11y/click-events-have-key-events, jsx-a11y/interactive-supports-focus
        <div
          key={choice.id}
          id={`choice-${choice.id}`}
          role="option"
          aria-selected={index === chosen}
          className={styles.choice}
          onPointerMove={() => onPoint(index)}
          onClick={() => onChoose(choice)}
        >
          <span className={styles.group}>{choice.group}</span>
          <span className={styles.label}>{choice.label}</span>
          <span className={styles.detail}>{choice.detail}</span>
        </div>
      ))}
    </div>
  );
}

function useCommands(me: Me, onLayer: PaletteProps['onLayer']): readonly Command[] {
  const navigate = useNavigate();
  const places = placesOf(me).map(
    ({ to, label, key }): Command => ({
      id: `go-${key}`,
      alias: to,
      group: 'Go',
      label,
      detail: `g ${key}`,
      act: () => void navigate({ to, search: ({ m }) => (m === undefined ? {} : { m }) }),
    }),
  );
  const command = (id: string, label: string, detail: string, act: () => void): Command => ({
    id: `do-${id}`,
    alias: '',
    group: 'Do',
    label,
    detail,
    act,
  });
  return [
    ...places,
    command('live', live.state === 'paused' ? 'Resume live changes' : 'Pause live changes', 'l', () => live.toggle()),
    command('light', 'Light theme', '', () => setTheme('light')),
    command('dark', 'Dark theme', '', () => setTheme('dark')),
    command('copy', 'Copy the link of this view', 'y', () => void navigator.clipboard?.writeText(location.href)),
    ...(me.may.includes('quotePlans')
      ? [command('quote', 'Quote usage on all plans', '', () => void navigate({ to: '/quote' }))]
      : []),
    command('who', 'Who sees this view', '', () => onLayer('who')),
    command('keys', 'Keyboard shortcuts', '?', () => onLayer('keys')),
    command('docs', 'API reference', '', () => location.assign('/api/v1/docs')),
    command('out', 'Sign out', '', () => void signOut()),
  ];
}
