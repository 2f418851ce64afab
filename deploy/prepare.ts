import { openPage } from '../src/http/page/page.ts';
import { createLog } from '../src/platform/log.ts';

// Builds the dashboard where the server itself may not write: node deploy/prepare.ts, by the program's owner, after each
// change of the program. Ends with 1 where it cannot be built.

const page = openPage(createLog({ level: 'info', format: 'pretty' }));
await page.settled;
process.exitCode = page.state === 'ready' ? 0 : 1;
