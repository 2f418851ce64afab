import { expect, test } from 'vitest';
import { findViolations, importsOf } from './arrows.ts';

const violations = (files: Record<string, string>) => findViolations(new Map(Object.entries(files)));

test('every way to import is seen', () => {
  const source = `
    import { a, type A } from './a.ts';
    import type { B } from '../b/b.ts';
    import './c.ts';
    export * from './d.ts';
    export { e } from './e.ts';
    const f = await import('./f.ts');
    type G = import('./g.ts').G;
    import pg from 'pg';`;
  expect(
    importsOf('src/metering/x.ts', source)
      .map((one) => one.to)
      .sort(),
  ).toEqual(['pg', 'src/b/b.ts', ...['a', 'c', 'd', 'e', 'f', 'g'].map((name) => `src/metering/${name}.ts`)]);
});

test('imports along the arrows are in order', () => {
  expect(
    violations({
      'src/pricing/rating.ts': `import '../metering/index.ts'; import '../inventory/index.ts'; import '../platform/money.ts'; import './store.ts';`,
      'src/cli/usage.ts': `import '../metering/index.ts'; import './output.ts';`,
      'src/cli/nouns/usage.ts': `import '../../metering/operations/usage.ts';`,
      'src/cli/local/start.ts': `import '../../http/index.ts'; import '../../jobs/index.ts';`,
      'src/http/import.routes.ts': `import '../flows/index.ts';`,
      'src/flows/overview.ts': `import '../invoices/index.ts'; import '../drift/index.ts'; import '../platform/money.ts';`,
      'src/jobs/runner.ts': `import 'pg-boss'; import '../metering/index.ts';`,
      'src/metering/usage.test.ts': `import '../../test/database.ts'; import '../pricing/plans.ts';`,
    }),
  ).toEqual([]);
});

test.each([
  ['src/metering/usage.ts', '../pricing/plans.ts', 'metering may not import pricing'],
  ['src/inventory/sync.ts', '../deployments/rules.ts', 'inventory may not import deployments'],
  ['src/drift/compare.ts', '../metering/usage.ts', 'drift may not import metering'],
  ['src/platform/clock.ts', '../cloud/provider.ts', 'platform may not import cloud'],
  // What bills is a second opinion: it knows nothing of how the program prices and reads bills.
  ['src/simulator/billing/prices.ts', '../../cloud/index.ts', 'simulator may not import cloud'],
  ['src/simulator/billing/prices.ts', '../../pricing/index.ts', 'simulator may not import pricing'],
  ['src/simulator/billing/lines.ts', '../../provider-billing/index.ts', 'simulator may not import provider-billing'],
  ['src/metering/jobs.ts', '../jobs/runner.ts', 'metering may not import jobs'],
  ['src/jobs/runner.ts', '../cli/output.ts', 'nothing imports cli'],
  ['src/cli/usage.ts', '../http/server.ts', 'nothing imports http'],
  ['src/metering/usage.ts', '../deployments/store.ts', 'only deployments itself imports its store.ts'],
  ['src/cli/usage.ts', '../metering/store.ts', 'only metering itself imports its store.ts'],
  ['src/metering/usage.test.ts', '../deployments/store.ts', 'only deployments itself imports its store.ts'],
  ['src/jobs/worker.ts', '../modules.ts', 'only cli knows which modules there are'],
  ['src/http/start.ts', '../modules.ts', 'only cli knows which modules there are'],
  ['src/invoices/preview.ts', '../flows/overview.ts', 'invoices may not import flows'],
  ['src/flows/overview.ts', '../cli/output.ts', 'nothing imports cli'],
  ['src/flows/overview.ts', '../jobs/runner.ts', 'flows may not import jobs'],
  ['src/pricing/quotes.ts', '../metering/usage.ts', 'other modules import src/metering/index.ts alone'],
  ['src/cli/usage.ts', '../metering/operations/usage.ts', 'other modules import src/metering/index.ts alone'],
  ['src/cli/local/start.ts', '../../http/serve/server.ts', 'other modules import src/http/index.ts alone'],
  ['src/metering/usage.ts', 'pg-boss', 'only jobs knows pg-boss'],
  ['src/metering/usage.ts', '../../test/database.ts', 'the program does not import tests'],
])('%s may not import %s', (from, to, complaint) => {
  expect(violations({ [from]: `import type { X } from '${to}';` })).toEqual([expect.stringContaining(complaint)]);
});

test('a cycle is found once, however it is entered', () => {
  expect(
    violations({
      'src/metering/a.ts': `import './b.ts';`,
      'src/metering/b.ts': `import './c.ts';`,
      'src/metering/c.ts': `import './a.ts';`,
      'src/metering/d.ts': `import './b.ts';`,
    }),
  ).toEqual(['src/metering/a.ts -> src/metering/b.ts -> src/metering/c.ts -> src/metering/a.ts: a cycle']);
});

test('a ring that types alone close is none when the program runs', () => {
  expect(
    violations({ 'src/metering/a.ts': `import './b.ts';`, 'src/metering/b.ts': `import type { A } from './a.ts';` }),
  ).toEqual([]);
  expect(
    violations({ 'src/metering/a.ts': `import './b.ts';`, 'src/metering/b.ts': `import { type A, a } from './a.ts';` }),
  ).toHaveLength(1);
});
