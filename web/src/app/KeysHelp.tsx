import { Dialog } from '@base-ui/react/dialog';
import { useState } from 'react';
import ui from '../ui/ui.module.css';
import styles from './frame.module.css';
import { areLettersOff, switchLetters } from './letters.ts';
import type { Place } from './places.ts';

const meanings = [
  ['Ctrl K', 'Search, go to a view, or do something'],
  ['/', 'To the filter of the view'],
  ['[ and ]', 'The month before and after'],
  ['j and k', 'Next row, row before'],
  ['Enter', 'Open'],
  ['e', 'Where a figure comes from'],
  ['y', 'Copy the link of this view'],
  ['l', 'Pause or resume live changes'],
  ['t', 'Next theme'],
  ['Esc', 'Close'],
] as const;

interface KeysHelpProps {
  /** To which a letter behind g leads. */
  readonly places: readonly Place[];
  readonly onClose: () => void;
}

/** Which keys do what, and the switch for them. */
export default function KeysHelp({ places, onClose }: KeysHelpProps) {
  const [isOff, setOff] = useState(areLettersOff);
  const change = (isOn: boolean) => {
    setOff(!isOn);
    switchLetters(isOn);
  };
  return (
    <Dialog.Root open onOpenChange={(isOpen) => (isOpen ? null : onClose())}>
      <Dialog.Portal>
        <Dialog.Backdrop className={styles.backdrop} />
        <Dialog.Popup className={`${styles.dialog} ${styles.wideDialog}`}>
          <Dialog.Title render={<h2 />}>Keyboard shortcuts</Dialog.Title>
          <dl className={styles.keys}>
            {[...meanings, ...places.map(({ key, label }) => [`g ${key}`, `To ${label}`] as const)].map(
              ([keys, meaning]) => (
                <div key={keys} style={{ display: 'contents' }}>
                  <dt>
                    <kbd>{keys}</kbd>
                  </dt>
                  <dd>{meaning}</dd>
                </div>
              ),
            )}
          </dl>
          <label className={styles.check}>
            <input type="checkbox" checked={!isOff} onChange={(event) => change(event.target.checked)} />
            Single letters act
          </label>
          <Dialog.Close className={ui.button}>Close</Dialog.Close>
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  );
}
