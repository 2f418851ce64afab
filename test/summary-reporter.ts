import type { Reporter, TestModule } from 'vitest/node';

/** Ends a run with one plain line that a program can read: `N passed, N failed`, then `, N skipped` where there are any. */
export default class SummaryReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    const count = { passed: 0, failed: unhandledErrors.length, skipped: 0 };
    for (const module of modules) {
      let failed = 0;
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        count[state === 'passed' ? 'passed' : state === 'failed' ? 'failed' : 'skipped']++;
        if (state === 'failed') failed++;
      }
      // A file that could not be loaded, or whose hooks failed, has no failed test to show for it.
      if (module.state() === 'failed' && failed === 0) count.failed++;
    }
    // After the other reporters' own last words.
    process.once('exit', (code) => {
      // A run can also fail outside of any file, in its setup.
      if (code !== 0 && count.failed === 0) count.failed = 1;
      process.stdout.write(
        `${count.passed} passed, ${count.failed} failed${count.skipped > 0 ? `, ${count.skipped} skipped` : ''}\n`,
      );
    });
  }
}
