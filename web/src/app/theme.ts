import { useSyncExternalStore } from 'react';

// Light, dark, or as the system is. public/theme.js sets it before the first paint.

export type Theme = 'light' | 'dark' | 'system';

const storageKey = 'arcadia.theme';
const listeners = new Set<() => void>();

function read(): Theme {
  const { theme } = document.documentElement.dataset;
  return theme === 'light' || theme === 'dark' ? theme : 'system';
}

export function setTheme(theme: Theme): void {
  if (theme === 'system') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  try {
    if (theme === 'system') localStorage.removeItem(storageKey);
    else localStorage.setItem(storageKey, theme);
  } catch {
    // Storage is switched off: it holds for this page.
  }
  for (const each of listeners) each();
}

/** To the next of light, dark and system. */
export function nextTheme(): void {
  const all: readonly Theme[] = ['system', 'light', 'dark'];
  setTheme(all[(all.indexOf(read()) + 1) % all.length] ?? 'system');
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function useTheme(): Theme {
  return useSyncExternalStore(subscribe, read);
}
