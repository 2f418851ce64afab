/** Tells of long work while it goes on: on stderr only, so that stdout holds nothing but data. */
export interface Progress {
  /** One step of the work. `report` replaces what is said of how far it has come. */
  step<Result>(title: string, work: (report: (text: string) => void) => Promise<Result>): Promise<Result>;
}

/** Between two lines about one step where lines cannot be replaced, so that a log stays short. */
const lineIntervalMs = 5_000;

/** Between two looks of a live line: as often as an eye can follow. */
const liveIntervalMs = 100;

/** A live line on a terminal; plain lines, few of them, anywhere else. */
export function openProgress(stderr: NodeJS.WriteStream = process.stderr, env = process.env): Progress {
  return stderr.isTTY && env.TERM !== 'dumb' && !env.CI ? liveProgress(stderr) : lineProgress(stderr);
}

/** One line that is written over. The cursor stays where it is and is never hidden, so that a killed process leaves nothing to repair. */
function liveProgress(stderr: NodeJS.WriteStream): Progress {
  const show = (text: string): void => {
    const columns = (stderr.columns ?? 80) - 1;
    stderr.write(`\r\u001b[2K${text.length > columns ? text.slice(0, columns) : text}`);
  };
  return {
    async step(title, work) {
      show(`${title} ...`);
      let said = '';
      let shownAt = performance.now();
      try {
        return await work((text) => {
          said = text;
          if (performance.now() - shownAt < liveIntervalMs) return;
          shownAt = performance.now();
          show(`${title}: ${text}`);
        });
      } finally {
        show(said === '' ? title : `${title}: ${said}`);
        stderr.write('\n');
      }
    },
  };
}

function lineProgress(stderr: NodeJS.WriteStream): Progress {
  return {
    async step(title, work) {
      stderr.write(`${title} ...\n`);
      let last = performance.now();
      let pending: string | null = null;
      const result = await work((text) => {
        pending = text;
        if (performance.now() - last < lineIntervalMs) return;
        last = performance.now();
        pending = null;
        stderr.write(`  ${text}\n`);
      });
      if (pending !== null) stderr.write(`  ${pending}\n`);
      return result;
    },
  };
}
