import { startupSnapshot } from 'node:v8';
import { run } from './engine/program.ts';

const begin = () => void run(process.argv.slice(2));

// Commands start from a snapshot of the program (`bin/snapshot.mjs`): when that is made, nothing is to run yet.
if (startupSnapshot.isBuildingSnapshot()) {
  startupSnapshot.setDeserializeMainFunction(begin);
  void load();
} else {
  begin();
}

/** What most commands load as they run. */
function load(): Promise<unknown> {
  return Promise.all([
    import('./engine/local-surface.ts'),
    import('./engine/remote-surface.ts'),
    import('./engine/follow-jobs.ts'),
    import('./engine/failure.ts'),
    import('../platform/database/open-database.ts'),
    import('../platform/clock.ts'),
    import('../platform/config.ts'),
    import('../platform/log.ts'),
  ]);
}
