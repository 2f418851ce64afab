import { readFile } from 'node:fs/promises';
import { enableCompileCache } from 'node:module';
import { fileURLToPath } from 'node:url';

// Types are stripped when a file is loaded: remembered between runs, a command starts in a quarter
// of the time. In a folder of our own, for what lies in a shared one could be anybody's code.
enableCompileCache(fileURLToPath(new URL('../../.arcadia/compile-cache', import.meta.url)));

const argv = process.argv.slice(2);
// The version is answered without the operations, which take most of the time to load.
if (argv.length === 1 && argv[0] === '--version') {
  const { version } = JSON.parse(await readFile(new URL('../../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  const { Output } = await import('./engine/output.ts');
  await new Output({ json: false }).text(version);
} else {
  const { run } = await import('./engine/program.ts');
  await run(argv);
}
