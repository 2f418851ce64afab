import { previewingLive, stageMove } from '../deployments/index.ts';
import { type Replay, type ReplayFigures, type Source, stageReplay } from '../gateway/index.ts';
import { usageStoreAddress } from '../metering/index.ts';
import type { Database } from '../platform/database/database.ts';
import type { FlowContext } from './context.ts';
import { type MovedMoney, moneyOf } from './moved-money.ts';

// What a replay of gateway events would change, in events, usage and money: it is made, metered and rated, and rolled back.

/** What a range of a source counts as before and after it is interpreted again. */
interface ReplayPreview {
  /** How many events were interpreted again. */
  readonly events: number;
  /** How many more are in the range, which nothing of this says anything about; counted up to a million. */
  readonly beyond: number;
  readonly before: ReplayFigures;
  readonly after: ReplayFigures;
  /** null: usage is in a ClickHouse, where nothing can be tried. */
  readonly money: MovedMoney | null;
}

const limits = {
  what: 'To preview this',
  todo: 'Preview fewer days at a time, or one type of events.',
  busy: 'Events of the source are being interpreted, or owners derived, just now.',
};
const moneyMsMax = 10_000;
/** Nothing else of the source is interpreted meanwhile. */
const shownMax = 100_000;

/**
 * Interprets the first events of a range again, nothing else of the source meanwhile, and keeps nothing of it.
 * @throws ArcadiaError too_costly (a step takes longer than ten seconds); overloaded; cancelled
 */
export async function previewGatewayReplay(
  db: Database,
  source: Source,
  replay: Replay,
  { now, signal, eventsMax = shownMax }: Pick<FlowContext, 'now' | 'signal'> & { readonly eventsMax?: number },
): Promise<ReplayPreview> {
  const isHere = (await usageStoreAddress(db)) === null;
  return previewingLive(db, { ...limits, signal }, async (trx) => {
    const staged = await stageReplay(trx, source, replay, { now, eventsMax });
    // What is not attributed yet is no part of the difference.
    await (await stageMove(trx, () => Promise.resolve(), now, { limit: 0 })).write();
    const make = async () => {
      const move = await stageMove(trx, () => staged.make(), now, { limit: 0 });
      await move.write();
    };
    const change = { times: [replay], deployments: staged.deployments, make };
    const money = isHere ? await moneyOf(trx, change, { now, signal, moneyMsMax }) : null;
    if (!isHere) await make();
    const { beyond, before } = staged;
    return { events: staged.made(), beyond, before, after: await staged.figures(), money };
  });
}
