import { Dialog } from '@base-ui/react/dialog';
import { useNavigate } from '@tanstack/react-router';
import { lazy, Suspense, useEffect, useRef } from 'react';
import { Icon } from '../ui/icons.tsx';
import { Empty, Skeleton } from '../ui/States.tsx';
import ui from '../ui/ui.module.css';
import styles from './proof.module.css';
import { CostProof } from './CostProof.tsx';
import { LineProof } from './LineProof.tsx';
import { monthFigures, MonthProof } from './MonthProof.tsx';
import { QuoteProof } from './QuoteProof.tsx';
import { RuleProof } from './RuleProof.tsx';
import { SyncRunProof } from './SyncRunProof.tsx';
import { UsageProof } from './UsageProof.tsx';

// For those alone who read bills.
const BillLineProof = lazy(() => import('./BillLineProof.tsx'));

interface ProofProps {
  /** As the address names it: `usage:acme/droplet_hours/2026-05`. */
  readonly why: string;
  readonly now: string;
}

/** Where a figure comes from, down to what was observed. It has an address of its own, and Back closes it. */
export default function Proof({ why, now }: ProofProps) {
  const navigate = useNavigate();
  const origin = useRef<Element | null>(null);
  useEffect(() => {
    origin.current = document.activeElement;
    return () => {
      if (origin.current instanceof HTMLElement) origin.current.focus();
    };
  }, []);
  const close = () => void navigate({ to: '.', search: ({ why: _closed, ...rest }) => rest });
  return (
    <Dialog.Root open modal={false} disablePointerDismissal onOpenChange={(isOpen) => (isOpen ? null : close())}>
      <Dialog.Portal>
        <Dialog.Popup className={styles.drawer}>
          <div className={styles.head}>
            <Dialog.Title render={<h2 />}>Where this comes from</Dialog.Title>
            <CopyLink />
            <Dialog.Close className={ui.icon} aria-label="Close">
              <Icon name="close" />
            </Dialog.Close>
          </div>
          <div className={styles.body}>
            <Suspense fallback={<Skeleton rows={8} />}>
              <Content why={why} now={now} />
            </Suspense>
          </div>
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

function CopyLink() {
  if (navigator.clipboard === undefined) return null;
  return (
    <button
      type="button"
      className={ui.icon}
      aria-label="Copy the link of this proof"
      onClick={() => void navigator.clipboard.writeText(location.href)}
    >
      <Icon name="copy" />
    </button>
  );
}

function Content({ why, now }: ProofProps) {
  const [kind, rest = ''] = why.split(/:(.*)/s);
  const [one = '', two = '', three = ''] = rest.split('/');
  const isMonth = (text: string) => /^2\d{3}-(0[1-9]|1[0-2])$/.test(text);
  if (kind === 'usage' && isMonth(three)) return <UsageProof deployment={one} kind={two} month={three} now={now} />;
  const figure = monthFigures.find((each) => each === three);
  if (kind === 'month' && isMonth(one) && figure !== undefined)
    return <MonthProof month={one} currency={two} figure={figure} now={now} />;
  if (kind === 'quote' && isMonth(two)) return <QuoteProof deployment={one} month={two} now={now} />;
  if (kind === 'line' && /^\d{1,7}$/.test(two)) return <LineProof invoice={one} line={parseInt(two, 10)} now={now} />;
  if (kind === 'sync' && /^\d{1,15}$/.test(one)) return <SyncRunProof run={parseInt(one, 10)} now={now} />;
  if (kind === 'rule' && /^\d{1,15}$/.test(one)) return <RuleProof rule={parseInt(one, 10)} now={now} />;
  if (kind === 'bill' && /^\d{1,15}$/.test(one) && /^\d{1,9}$/.test(two))
    return <BillLineProof bill={parseInt(one, 10)} position={parseInt(two, 10)} now={now} />;
  if (kind === 'cost' && isMonth(three))
    return <CostProof deployment={one} kind={two === '-' ? null : two} month={three} />;
  return (
    <Empty title="There is no such proof.">
      <p>The address names {why}.</p>
    </Empty>
  );
}
