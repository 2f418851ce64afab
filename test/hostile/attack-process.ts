import { setTimeout as sleep } from 'node:timers/promises';
import { Random } from '../../src/simulator/random.ts';
import { type Attack, attacks, type Target } from './attacks.ts';
import { configOf, tokensOf } from './business.ts';

// All attacks at once, until it is told to stop; then what came of them. In a process of its own, so that the honest
// caller is measured and not this.

const [url = '', connectionString = '', seed = ''] = process.argv.slice(2);
const tokenOf = tokensOf(configOf(connectionString));
const outcomes = new Map<string, Map<string, number>>();
let isOver = false;

async function attack(one: Attack, place: number): Promise<void> {
  const target: Target = { url, random: new Random(seed, one.name, place), tokenOf };
  while (!isOver) {
    const outcome = await one.try(target).catch(() => 'closed' as const);
    const isFault = !one.allowed.includes(outcome) && outcome !== 'closed';
    const counted = outcomes.get(one.name) ?? new Map<string, number>();
    outcomes.set(one.name, counted);
    const name = `${outcome}${isFault ? ' (fault)' : ''}`;
    counted.set(name, (counted.get(name) ?? 0) + 1);
    await sleep(one.pauseMs * target.random.next() * 2);
  }
}

for (const one of attacks) for (let place = 0; place < one.atOnce; place += 1) void attack(one, place);
process.on('message', () => {
  isOver = true;
  process.send?.(
    [...outcomes].map(([name, counted]) => [name, Object.fromEntries(counted)]),
    () => process.exit(),
  );
});
