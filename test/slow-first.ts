import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Folders whose files take longest. What begins last must be short, or one worker ends with nothing to do. */
const slow = [
  '/test/faults/',
  '/test/brokers/',
  '/test/end-to-end/',
  '/test/jobs/',
  '/test/page/',
  '/test/cli/',
  '/test/http/',
  '/test/scenarios/',
];

/** The order of the run: by folder as above, then all others; within these, as vitest orders them. */
export class SlowFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification) => {
      const found = slow.findIndex((folder) => moduleId.includes(folder));
      return found < 0 ? slow.length : found;
    };
    return (await super.sort(files)).toSorted((one, other) => rank(one) - rank(other));
  }
}
