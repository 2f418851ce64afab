// npm run bench [-- NAME ...] [--json] [--keep] [--sizes N,N ...]: every speed claim, measured now, beside what was kept in
// results.md; with --keep it is kept there. With --sizes each bench runs once with each number of resources, and says how
// what it measures grows. Each run is a process of its own, so that one's memory is not another's.
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { describeGrowth, growthOf, type Run } from './growth.ts';
import { compareToKept, keepResults, readResults } from './results.ts';
import type { Row } from './support.ts';

const names = [
  'metering',
  'sync',
  'jobs',
  'row-security',
  'export',
  'api',
  'invoices',
  'reconcile',
  'reads',
  'drift',
  'webhooks',
  'gateway',
] as const;

function runOne(name: string, resources?: number): Promise<Row[]> {
  return new Promise((resolve, reject) => {
    // With the memory settings that the command runs with.
    const flags = process.execArgv.filter((flag) => flag.startsWith('--max-'));
    const child = spawn(process.execPath, [...flags, fileURLToPath(import.meta.url), '--one', name], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      env: { ...process.env, ...(resources !== undefined && { BENCH_RESOURCES: String(resources) }) },
    });
    let rows: Row[] = [];
    child.on('message', (message) => {
      rows = message as Row[];
    });
    child.on('exit', (code) => (code === 0 ? resolve(rows) : reject(new Error(`bench ${name} ended with ${code}`))));
  });
}

if (process.argv[2] === '--one') {
  const { default: bench } = (await import(`./${process.argv[3]}.ts`)) as { default: () => Promise<Row[]> };
  process.send?.(await bench());
  process.disconnect?.();
} else {
  const { values: asked, positionals: chosen } = parseArgs({
    allowPositionals: true,
    options: { json: { type: 'boolean' }, keep: { type: 'boolean' }, sizes: { type: 'string' } },
  });
  const unknown = chosen.find((name) => !(names as readonly string[]).includes(name));
  if (unknown !== undefined) {
    process.stderr.write(`There is no bench "${unknown}". There are: ${names.join(', ')}.\n`);
    process.exit(1);
  }
  const benches = chosen.length > 0 ? chosen : names;
  if (asked.sizes === undefined) await measure(benches, asked);
  else await measureGrowth(benches, asked.sizes, asked);
}

interface Asked {
  readonly json?: boolean | undefined;
  readonly keep?: boolean | undefined;
}

async function measure(benches: readonly string[], { json, keep }: Asked): Promise<void> {
  const rows: Row[] = [];
  for (const name of benches) rows.push(...(await runOne(name)));
  const kept = readResults();
  if (json) process.stdout.write(`${JSON.stringify(rows, null, 2)}\n`);
  for (const row of rows) {
    const { name, ms, baseline, baselineMs, ratio, aim } = row;
    const goal = aim === null ? '' : `, aim ${aim}`;
    if (!json) process.stdout.write(`${name}\n  ${ms} against ${baselineMs} (${baseline}): ratio ${ratio}${goal}\n`);
    const worse = compareToKept(row, kept);
    if (worse !== null) process.stderr.write(`${name}: ${worse}\n`);
  }
  if (keep) keepResults(rows, Temporal.Now.plainDateISO('UTC').toString());
}

async function measureGrowth(benches: readonly string[], sizes: string, { json }: Asked): Promise<void> {
  const numbers = sizes
    .split(',')
    .map(Number)
    .toSorted((a, b) => a - b);
  if (numbers.length < 2 || !numbers.every((size) => Number.isSafeInteger(size) && size > 0)) {
    process.stderr.write(`--sizes takes two numbers of resources or more, such as 100000,1000000; not "${sizes}".\n`);
    process.exit(1);
  }
  for (const name of benches) {
    const runs: Run[] = [];
    for (const resources of numbers) runs.push({ resources, rows: await runOne(name, resources) });
    const growth = growthOf(runs);
    if (json) process.stdout.write(`${JSON.stringify(growth, null, 2)}\n`);
    else for (const each of growth) process.stdout.write(`${describeGrowth(each)}\n`);
  }
}
