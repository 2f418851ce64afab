import { run } from '../../../src/cli/engine/program.ts';
import { modules } from '../../../src/modules.ts';
import { collectProgram } from '../../../src/platform/declare/program.ts';
import { bellsModule } from './module.ts';

// The command of a program that has one module more.
await run(process.argv.slice(2), collectProgram([...modules, bellsModule]));
