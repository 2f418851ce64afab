import { AlertDialog } from '@base-ui/react/alert-dialog';
import ui from '../ui/ui.module.css';
import styles from './frame.module.css';
import { TokenForm } from './SignIn.tsx';

/** Another token, while the session has not ended. */
export default function Renew({ onClose }: { readonly onClose: () => void }) {
  return (
    <AlertDialog.Root open onOpenChange={(isOpen) => (isOpen ? null : onClose())}>
      <AlertDialog.Portal>
        <AlertDialog.Backdrop className={styles.backdrop} />
        <AlertDialog.Popup className={styles.dialog}>
          <AlertDialog.Title render={<h2 />}>Renew your session</AlertDialog.Title>
          <TokenForm />
          <AlertDialog.Close className={ui.button}>Cancel</AlertDialog.Close>
        </AlertDialog.Popup>
      </AlertDialog.Portal>
    </AlertDialog.Root>
  );
}
