import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

// The laws over many more random histories than `npm test` tries. Arguments are paths, as of npm test; by
// default every property test. A failure prints its seed. ARCADIA_SOAK_RUNS says how many times as many.

const vitest = fileURLToPath(new URL('../node_modules/vitest/vitest.mjs', import.meta.url));
const paths = process.argv.slice(2);
const { status } = spawnSync(
  process.execPath,
  [vitest, 'run', '--testTimeout', '0', ...(paths.length > 0 ? paths : ['property.test', 'second-engine', 'fuzz'])],
  { stdio: 'inherit', env: { ...process.env, ARCADIA_SOAK_RUNS: process.env.ARCADIA_SOAK_RUNS ?? '20' } },
);
process.exitCode = status ?? 1;
