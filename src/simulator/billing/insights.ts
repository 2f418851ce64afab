import { Random } from '../random.ts';
import { DAY, instantOf, ms, type Ms } from '../time.ts';
import type { View } from '../views.ts';
import type { Bills } from './bills.ts';
import { dollars } from './cost.ts';
import { secondTeam } from './spoil.ts';

/** The days that one question may be about. */
const DAYS_MAX = 31;
/** There is nothing of the time before. */
const SINCE = ms('2025-12-01T00:00:00Z');

/** The organization that the token's team belongs to. */
export function organizationUuid(seed: number): string {
  return new Random(seed, 'organization').uuid();
}

/**
 * What was used day by day: rows by day, team, SKU and region, without ids, of the days that are
 * over. `invalid`: not two days of `YYYY-MM-DD`, in order and 31 at most. Null: no such team.
 */
export function insightsOf(bills: Bills, urn: string, first: string, last: string): readonly View[] | 'invalid' | null {
  const [from, to] = [dayNamed(first), dayNamed(last)];
  if (from === null || to === null || to < from || to - from >= DAYS_MAX * DAY) return 'invalid';
  const { seed, timeline } = bills;
  const own = timeline.world.teamUuid;
  const shown: Readonly<Record<string, (team: string) => boolean>> = {
    [`do:team:${own}`]: (team) => team === own,
    [`do:team:${secondTeam(seed)}`]: (team) => team === secondTeam(seed),
    [`do:teamgroup:${organizationUuid(seed)}`]: () => true,
  };
  const isShown = shown[urn];
  if (isShown === undefined) return null;
  return bills.remember(`${urn} ${first} ${last}`, () => pointsOf(bills, isShown, from, to));
}

/** The beginning of `2026-05-01`; null: there is no such day. */
function dayNamed(text: string): Ms | null {
  if (!/^\d{4}-\d\d-\d\d$/.test(text)) return null;
  try {
    return ms(`${text}T00:00:00Z`);
  } catch {
    return null;
  }
}

function pointsOf(bills: Bills, isShown: (team: string) => boolean, from: Ms, to: Ms): readonly View[] {
  const own = bills.timeline.world.teamUuid;
  const points: View[] = [];
  for (let day = Math.max(from, SINCE); day <= to; day += DAY) {
    const date = instantOf(day).toString().slice(0, 10);
    for (const { line, cents } of bills.day(day) ?? []) {
      if (!isShown(line.team ?? own)) continue;
      points.push({
        usage_team_urn: `do:team:${line.team ?? own}`,
        start_date: date,
        total_amount: dollars(cents),
        region: line.region,
        sku: line.sku,
        description: line.daily ?? line.description,
        group_description: line.group,
      });
    }
  }
  return points;
}
