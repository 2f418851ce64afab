import { AlertDialog } from '@base-ui/react/alert-dialog';
import ui from '../ui/ui.module.css';
import styles from './frame.module.css';
import { type Me, signInAddress, signOut } from './session.ts';
import { TokenForm } from './SignIn.tsx';

/** Over the view, which stays as it was, once the server no longer knows who is asking. */
export default function SignedOut({ me }: { readonly me: Me }) {
  const address = signInAddress(me);
  return (
    <AlertDialog.Root open>
      <AlertDialog.Portal>
        <AlertDialog.Backdrop className={styles.backdrop} />
        <AlertDialog.Popup className={styles.dialog}>
          <AlertDialog.Title render={<h2 />}>Signed out</AlertDialog.Title>
          <AlertDialog.Description>
            Your session has ended. This view stays as it is; sign in to go on.
          </AlertDialog.Description>
          {address === null ? null : (
            <a className={`${ui.button} ${ui.primary}`} href={address} target="_blank" rel="noreferrer">
              Sign in in a new tab
            </a>
          )}
          <TokenForm />
          <button type="button" className={ui.button} onClick={() => void signOut()}>
            Leave
          </button>
        </AlertDialog.Popup>
      </AlertDialog.Portal>
    </AlertDialog.Root>
  );
}
