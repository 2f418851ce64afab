import { Dialog } from '@base-ui/react/dialog';
import { useNavigate } from '@tanstack/react-router';
import { useState, type KeyboardEvent } from 'react';
import { Icon } from '../ui/icons.tsx';
import styles from './palette.module.css';
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

interface PaletteProps {
  readonly me: Me;
  readonly onClose: () => void;
}

/** Goes, finds and does, by a few letters. */
export default function Palette({ me, onClose }: PaletteProps) {
  const [text, setText] = useState('');
  const [at, setAt] = useState(0);
  const commands = useCommands(me);
  const wanted = text.trim().toLowerCase();
  const choices = commands.filter(({ label }) => label.toLowerCase().includes(wanted));
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
          <Dialog.Title className="visually-hidden">Go to</Dialog.Title>
          <div className={styles.field}>
            <Icon name="search" />
            <input
              type="search"
              role="combobox"
              aria-label="Go to"
              aria-expanded="true"
              aria-controls="choices"
              aria-autocomplete="list"
              {...(choices[chosen] === undefined ? {} : { 'aria-activedescendant': `choice-${choices[chosen].id}` })}
              placeholder="Go to, or do"
              value={text}
              onChange={(event) => {
                setText(event.target.value);
                setAt(0);
              }}
              onKeyDown={onKeyDown}
            />
          </div>
          <Choices choices={choices} chosen={chosen} onPoint={setAt} onChoose={choose} />
          {choices.length === 0 ? (
            <p className={styles.note} role="status">
              Nothing matches {text.trim()}.
            </p>
          ) : null}
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  );
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

function useCommands(me: Me): readonly Choice[] {
  const navigate = useNavigate();
  const places = placesOf(me).map(
    ({ to, label, key }): Choice => ({
      id: `go-${key}`,
      group: 'Go',
      label,
      detail: `g ${key}`,
      act: () => void navigate({ to, search: ({ m }) => (m === undefined ? {} : { m }) }),
    }),
  );
  const command = (id: string, label: string, detail: string, act: () => void): Choice => ({
    id: `do-${id}`,
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
    command('docs', 'API reference', '', () => location.assign('/api/v1/docs')),
    command('out', 'Sign out', '', () => void signOut()),
  ];
}
