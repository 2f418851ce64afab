import { Dialog } from '@base-ui/react/dialog';
import type { ReactNode } from 'react';
import { Icon } from './icons.tsx';
import styles from './sheet.module.css';
import ui from './ui.module.css';

interface SheetProps {
  readonly title: ReactNode;
  readonly onClose: () => void;
  /** The button that does it; null: there is nothing to be done any more. */
  readonly action: ReactNode;
  readonly children: ReactNode;
}

/** Over the view, from the side: what will be, before it is done. */
export function Sheet({ title, onClose, action, children }: SheetProps) {
  return (
    <Dialog.Root open onOpenChange={(isOpen) => (isOpen ? null : onClose())}>
      <Dialog.Portal>
        <Dialog.Backdrop className={styles.backdrop} />
        <Dialog.Popup className={styles.sheet}>
          <header className={styles.head}>
            <Dialog.Title render={<h2 />}>{title}</Dialog.Title>
            <Dialog.Close className={ui.icon} aria-label="Close">
              <Icon name="close" />
            </Dialog.Close>
          </header>
          <div className={styles.body}>{children}</div>
          <footer className={styles.foot}>
            <Dialog.Close className={ui.button}>{action === null ? 'Done' : 'Cancel'}</Dialog.Close>
            {action}
          </footer>
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

interface FieldProps {
  readonly label: ReactNode;
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly type?: 'text' | 'date';
  readonly rows?: number;
  readonly placeholder?: string;
}

/** A field of a sheet, under its label. */
export function Field({ label, value, onChange, type = 'text', rows, placeholder }: FieldProps) {
  const common = { className: styles.input, value, autoComplete: 'off', placeholder };
  return (
    <label className={styles.label}>
      {label}
      {rows === undefined ? (
        <input {...common} type={type} onChange={({ target }) => onChange(target.value)} />
      ) : (
        <textarea {...common} rows={rows} onChange={({ target }) => onChange(target.value)} />
      )}
    </label>
  );
}
