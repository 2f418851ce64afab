import { useRouterState } from '@tanstack/react-router';
import { useEffect, useState } from 'react';

/** To the title of the view, without moving what is on the screen. */
export function focusTitle(): void {
  document.querySelector<HTMLElement>('main h1')?.focus({ preventScroll: true });
}

/** Whoever comes by a link stands at the view's title; who only changes what it shows stays where they are. */
export function useFocusOnTitle(): void {
  const path = useRouterState({ select: ({ resolvedLocation }) => resolvedLocation?.pathname });
  const [first] = useState(path);
  useEffect(() => {
    if (path !== first) focusTitle();
  }, [path, first]);
}

/** Whose place is gone, with a row that was dealt with or a sheet, stands at the title, or in the layer that is open. */
export function useKeepFocus(): void {
  useEffect(() => {
    let last: Element | null = null;
    const note = ({ target }: FocusEvent) => {
      last = target instanceof Element ? target : null;
    };
    const watch = new MutationObserver(() => {
      if (last === null || last.isConnected || document.activeElement !== document.body) return;
      last = null;
      // Behind a layer nothing can have the focus.
      const layer = [...document.querySelectorAll<HTMLElement>('[role="dialog"], [role="alertdialog"]')].at(-1);
      if (layer === undefined) focusTitle();
      else layer.focus();
    });
    document.addEventListener('focusin', note);
    watch.observe(document.body, { childList: true, subtree: true });
    return () => {
      document.removeEventListener('focusin', note);
      watch.disconnect();
    };
  }, []);
}
