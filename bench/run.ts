// npm run bench [-- NAME ...] [--json] [--keep]: every speed claim, measured now, beside what was kept in results.md; with
// --keep it is kept there. Each bench is a process of its own, so that one's memory is not another's.
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
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

function runOne(name: string): Promise<Row[]> {
  return new Promise((resolve, reject) => {
    // With the memory settings that the command runs with.
    const flags = process.execArgv.filter((flag) => flag.startsWith('--max-'));
    const child = spawn(process.execPath, [...flags, fileURLToPath(import.meta.url), '--one', name], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    let rows: Row[] = [];
    child.on('message', (message) => {
      rows = message as Row[];
    });
    child.on('exit', (code) => (code === 0 ? resolve(rows) : reject(new Error(`bench ${name} ended with ${code}`))));
  });
}

const args = process.argv.slice(2);
if (args[0] === '--one') {
  const { default: bench } = (await import(`./${args[1]}.ts`)) as { default: () => Promise<Row[]> };
  process.send?.(await bench());
  process.disconnect?.();
} else {
  const json = args.includes('--json');
  const chosen = args.filter((arg) => !arg.startsWith('--'));
  const unknown = chosen.find((name) => !(names as readonly string[]).includes(name));
  if (unknown !== undefined) {
    process.stderr.write(`There is no bench "${unknown}". There are: ${names.join(', ')}.\n`);
    process.exit(1);
  }
  const rows: Row[] = [];
  for (const name of chosen.length > 0 ? chosen : names) rows.push(...(await runOne(name)));
  const kept = readResults();
  if (json) process.stdout.write(`${JSON.stringify(rows, null, 2)}\n`);
  for (const row of rows) {
    const { name, ms, baseline, baselineMs, ratio, aim } = row;
    const goal = aim === null ? '' : `, aim ${aim}`;
    if (!json) process.stdout.write(`${name}\n  ${ms} against ${baselineMs} (${baseline}): ratio ${ratio}${goal}\n`);
    const worse = compareToKept(row, kept);
    if (worse !== null) process.stderr.write(`${name}: ${worse}\n`);
  }
  if (args.includes('--keep')) keepResults(rows, Temporal.Now.plainDateISO('UTC').toString());
}
