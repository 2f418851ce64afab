import { Component, type ReactNode } from 'react';
import ui from '../ui/ui.module.css';
import styles from './frame.module.css';

interface BoundaryProps {
  /** Where what failed can be left. */
  readonly onClose?: () => void;
  readonly children: ReactNode;
}

/** Around a part that is loaded once it is needed: where it cannot be, what is on the screen stays. */
export class Boundary extends Component<BoundaryProps, { readonly hasFailed: boolean }> {
  override readonly state = { hasFailed: false };

  static getDerivedStateFromError() {
    return { hasFailed: true };
  }

  override render() {
    if (!this.state.hasFailed) return this.props.children;
    const { onClose } = this.props;
    return (
      <div className={`${ui.block} ${ui.failed} ${styles.notLoaded}`} role="alert">
        <p>
          <strong>Could not be loaded.</strong> Check the connection, then reload.
        </p>
        <button type="button" className={ui.button} onClick={() => location.reload()}>
          Reload
        </button>
        {onClose === undefined ? null : (
          <button type="button" className={ui.button} onClick={onClose}>
            Close
          </button>
        )}
      </div>
    );
  }
}
