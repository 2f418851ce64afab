// Whether single letters act, which each person decides for their browser.

const storageKey = 'arcadia.keys';

export function areLettersOff(): boolean {
  try {
    return localStorage.getItem(storageKey) === 'off';
  } catch {
    return false;
  }
}

export function switchLetters(isOn: boolean): void {
  try {
    if (isOn) localStorage.removeItem(storageKey);
    else localStorage.setItem(storageKey, 'off');
  } catch {
    // Storage is switched off: letters stay on.
  }
}
