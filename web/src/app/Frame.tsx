import { Link, Outlet, useLocation } from '@tanstack/react-router';
import { lazy, Suspense, useEffect, useRef, useState } from 'react';
import { Icon } from '../ui/icons.tsx';
import { AccountMenu } from './AccountMenu.tsx';
import { Boundary } from './Boundary.tsx';
import { Clock } from './Clock.tsx';
import { ExpiryBar } from './ExpiryBar.tsx';
import { focusTitle, useFocusOnTitle, useKeepFocus } from './focus.ts';
import styles from './frame.module.css';
import { Keys } from './Keys.tsx';
import type { Layer } from './layer.ts';
import { live, type LiveState, useLiveState } from './live.ts';
import { Period } from './Period.tsx';
import { type Place, placesOf, placesOnPhone } from './places.ts';
import { type Me, useSessionState } from './session.ts';
import { Skeleton } from '../ui/States.tsx';
import { moment } from '../ui/time.ts';
import { useWhy } from './why.ts';

// Dialogs are loaded once one opens: what they are made of weighs as much as every other part of ours that is here.
const KeysHelp = lazy(() => import('./KeysHelp.tsx'));
const Palette = lazy(() => import('./Palette.tsx'));
const loadSignedOut = () => import('./SignedOut.tsx');
const SignedOut = lazy(loadSignedOut);
const WhoSees = lazy(() => import('./WhoSees.tsx'));
const CustomerPages = lazy(() => import('../customer/CustomerPages.tsx'));
const Proof = lazy(() => import('../proof/Proof.tsx'));

const idleAfterMs = 5_000;

/** What stands around every view: where one is, of which time, how fresh, and as whom. */
export function Frame({ me }: { readonly me: Me }) {
  const [layer, setLayer] = useState<Layer | null>(null);
  const places = placesOf(me);
  const isCustomer = me.role === 'customer';
  useFocusOnTitle();
  useKeepFocus();
  return (
    <div className={`${styles.frame} ${styles.withBar}`}>
      <a
        href="#main"
        className={styles.skip}
        onClick={(event) => {
          // The address is the view's own state.
          event.preventDefault();
          focusTitle();
        }}
      >
        Skip to the view
      </a>
      <div className={styles.barArea}>
        <ExpiryBar me={me} />
      </div>
      <nav className={styles.rail} aria-label="Main">
        <div className={styles.brand}>
          <img src="/favicon.svg" width="20" height="20" alt="" />
          {me.customer?.name ?? 'arcadia-cloud'}
        </div>
        <Places places={places} />
        <p className={styles.railFoot}>
          {me.role} · {me.version}
        </p>
      </nav>
      <header className={styles.top}>
        <Period now={me.now} />
        {isCustomer ? (
          <span className={styles.space} />
        ) : (
          <button
            type="button"
            className={styles.searchButton}
            aria-keyshortcuts="Control+K"
            onClick={() => setLayer('palette')}
          >
            <Icon name="search" />
            <span>Search</span>
            <kbd aria-hidden="true">Ctrl K</kbd>
          </button>
        )}
        <Clock me={me} />
        <LiveDot />
        <AccountMenu me={me} onLayer={setLayer} />
      </header>
      <main className={styles.main} id="main">
        {isCustomer ? (
          <Boundary>
            <Suspense fallback={<Skeleton rows={6} />}>
              <CustomerPages />
            </Suspense>
          </Boundary>
        ) : (
          <Outlet />
        )}
      </main>
      <PhoneBar me={me} places={places} />
      <Keys places={places} now={me.now} onLayer={setLayer} />
      <Layers me={me} places={places} layer={layer} onLayer={setLayer} />
    </div>
  );
}

interface LayersProps {
  readonly me: Me;
  readonly places: readonly Place[];
  readonly layer: Layer | null;
  readonly onLayer: (layer: Layer | null) => void;
}

/** What lies over a view: the proof that the address names, what was opened, and that the session has ended. */
function Layers({ me, places, layer, onLayer }: LayersProps) {
  const why = useWhy();
  const state = useSessionState();
  useEffect(() => {
    // A session may end once its server is no longer the one that this page came from.
    const timer = setTimeout(() => void loadSignedOut().catch(() => null), idleAfterMs);
    return () => clearTimeout(timer);
  }, []);
  return (
    <>
      <Boundary key={layer} onClose={() => onLayer(null)}>
        <Suspense fallback={null}>
          {layer === 'palette' && me.role !== 'customer' ? <Palette me={me} onLayer={onLayer} /> : null}
          {layer === 'who' ? <WhoSees onClose={() => onLayer(null)} /> : null}
          {layer === 'keys' ? <KeysHelp places={places} onClose={() => onLayer(null)} /> : null}
        </Suspense>
      </Boundary>
      <Boundary key={why}>
        <Suspense fallback={null}>{why === null ? null : <Proof why={why} now={me.now} />}</Suspense>
      </Boundary>
      <Boundary>
        <Suspense fallback={null}>{state === 'ended' ? <SignedOut me={me} /> : null}</Suspense>
      </Boundary>
    </>
  );
}

interface PlacesProps {
  readonly places: readonly Place[];
  readonly onGo?: () => void;
}

function Places({ places, onGo }: PlacesProps) {
  const pathname = useLocation({ select: (location) => location.pathname });
  return places.map(({ to, label, icon, beginsGroup, within }) => (
    <Link
      key={to}
      to={to}
      className={styles.place}
      aria-current={within?.some((place) => pathname.startsWith(place)) === true ? 'page' : undefined}
      data-begins-group={beginsGroup === true ? '' : undefined}
      activeOptions={{ exact: to === '/', includeSearch: false }}
      search={({ m }) => (m === undefined ? {} : { m })}
      onClick={onGo}
    >
      <Icon name={icon} />
      {label}
    </Link>
  ));
}

/** At a phone's foot: the views that are opened most, and a sheet with the others. */
function PhoneBar({ me, places }: { readonly me: Me; readonly places: readonly Place[] }) {
  const sheet = useRef<HTMLElement>(null);
  const first = placesOnPhone(places);
  const others = places.filter((place) => !first.includes(place));
  return (
    <>
      <nav className={styles.bottom} aria-label="Main, at the bottom">
        <Places places={first} />
        {others.length === 0 ? null : (
          <button type="button" className={styles.place} popoverTarget="more">
            <Icon name="menu" />
            More
          </button>
        )}
      </nav>
      {others.length === 0 ? null : (
        <nav ref={sheet} id="more" popover="auto" className={styles.more} aria-label="More views">
          <Places places={others} onGo={() => sheet.current?.hidePopover()} />
          <p className={styles.railFoot}>
            {moment(me.now, me.now)} UTC{me.simulated ? ', simulated' : ''}
          </p>
        </nav>
      )}
    </>
  );
}

const words: Readonly<Record<LiveState, string>> = {
  live: 'Live',
  connecting: 'Connecting',
  paused: 'Paused',
  reconnecting: 'Reconnecting',
  polling: 'Not live, reading every 30 s',
};

function LiveDot() {
  const state = useLiveState();
  return (
    <button
      type="button"
      className={styles.live}
      data-state={state}
      aria-pressed={state === 'paused'}
      title={state === 'paused' ? 'Resume live changes (l)' : 'Pause live changes (l)'}
      onClick={() => live.toggle()}
    >
      <i />
      <span>{words[state]}</span>
    </button>
  );
}
