import { openStatusLine, type StatusLine } from './output.ts';

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
export function openProgress(line: StatusLine = openStatusLine()): Progress {
  return line.isLive ? liveProgress(line) : lineProgress(line);
}

function liveProgress({ show, end }: StatusLine): Progress {
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
        end();
      }
    },
  };
}

function lineProgress({ end }: StatusLine): Progress {
  return {
    async step(title, work) {
      end(`${title} ...`);
      let last = performance.now();
      let pending: string | null = null;
      const result = await work((text) => {
        pending = text;
        if (performance.now() - last < lineIntervalMs) return;
        last = performance.now();
        pending = null;
        end(`  ${text}`);
      });
      if (pending !== null) end(`  ${pending}`);
      return result;
    },
  };
}
