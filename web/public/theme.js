// Before anything is painted: the theme that was chosen here, else the system's.
(() => {
  try {
    const theme = localStorage.getItem('arcadia.theme');
    if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme;
  } catch {
    // Storage may be switched off; then the system's holds.
  }
})();
