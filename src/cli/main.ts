import { enableCompileCache } from 'node:module';
import { fileURLToPath } from 'node:url';

// Types are stripped when a file is loaded: remembered between runs, a command starts in a quarter
// of the time. In a folder of our own, for what lies in a shared one could be anybody's code.
enableCompileCache(fileURLToPath(new URL('../../.arcadia/compile-cache', import.meta.url)));

const { run } = await import('./engine/program.ts');
await run(process.argv.slice(2));
