import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

// The laws over many more random histories than `npm test` tries, and whole what it runs in part: a week of
// the schedule, one of an agency with all faults at random, every step at which a process can be killed. Arguments
// are paths, as of npm test. A failure prints its seed. ARCADIA_SOAK_RUNS says how many times as many. `working-month` is
// three month-ends of 104 customers by the command, synced every day. `hostile` is an hour of attacks on a server,
// beside an honest caller (hostile/run.ts).

const vitest = fileURLToPath(new URL('../node_modules/vitest/vitest.mjs', import.meta.url));
const hostile = fileURLToPath(new URL('hostile/run.ts', import.meta.url));
const given = process.argv.slice(2);
const paths =
  given.length > 0
    ? given
    : [
        'property.test',
        'second-engine',
        'fuzz',
        'mutations',
        'event-loop',
        'week',
        'usage-faults',
        'rollout-faults',
        'gateway-faults',
        'gateway-effect-faults',
        'gateway-transports',
        'lists.integration',
        'year-of',
        'demo',
        'mistakes',
        'test/page',
        'surprises',
      ];
const command = given[0] === 'hostile' ? [hostile, ...given.slice(1)] : [vitest, 'run', '--testTimeout', '0', ...paths];
const { status } = spawnSync(process.execPath, command, {
  stdio: 'inherit',
  env: { ...process.env, ARCADIA_SOAK_RUNS: process.env.ARCADIA_SOAK_RUNS ?? '20' },
});
process.exitCode = status ?? 1;
