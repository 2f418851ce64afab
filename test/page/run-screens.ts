import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

// npm run screens: every view and state of the dashboard, wide and narrow, in both themes, as pictures in screens/,
// with an index.html to look at them. An argument is a pattern of their names: `npm run screens -- 'drift.*light'`.

const vitest = fileURLToPath(new URL('../../node_modules/vitest/vitest.mjs', import.meta.url));
const { status } = spawnSync(process.execPath, [vitest, 'run', 'test/page/screens', '--maxWorkers', '1'], {
  stdio: 'inherit',
  env: {
    ...process.env,
    ARCADIA_SCREENS: fileURLToPath(new URL('../../screens/', import.meta.url)),
    ARCADIA_SCREENS_OF: process.argv[2] ?? '',
  },
});
process.exitCode = status ?? 1;
