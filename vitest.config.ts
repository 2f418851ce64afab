import { defineConfig } from 'vitest/config';
import { SlowFirst } from './test/slow-first.ts';

// Bounds are for what hangs, never for what is slow: a machine that is busy with something else must not fail a test.
export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
    globalSetup: ['./test/database-server.ts'],
    setupFiles: ['./test/rows/setup.ts', './test/seed.ts'],
    pool: 'forks',
    // Two cores: while tests wait for a timer or for a process of their own, others work. With three, a core was idle.
    maxWorkers: 4,
    // A worker loads the program once, not for each file of tests. What one file changes in the process it puts back.
    isolate: false,
    testTimeout: 300_000,
    hookTimeout: 300_000,
    teardownTimeout: 120_000,
    expect: { poll: { timeout: 120_000 } },
    sequence: { sequencer: SlowFirst },
    reporters: [['default', { summary: false }], './test/summary-reporter.ts'],
  },
});
