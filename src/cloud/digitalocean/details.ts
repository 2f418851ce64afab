import type { Absence, DetailedKind, ListedSettings, ListingEnd, ListingEvent } from '../provider.ts';
import { type Endpoint, backupPolicyOf, endpoints, recordsOf } from './endpoints.ts';
import { idFrom } from './kinds/fields.ts';
import { joinReasons } from './notes.ts';
import { type Collection, paginate } from './paginate.ts';
import { type Reading, RequestFailure } from './request.ts';
import { readPolicySettings, readRecordSettings } from './settings/details.ts';

/** Settings that listings do not tell, by kind. */
export const detailedKinds: Readonly<Record<string, DetailedKind>> = {
  dns_zone: {
    having: {},
    places: ['record/'],
    readOn: 'another answer',
    oneByOneMax: 200,
    // An account may have thousands, and a sync a quarter of an hour's requests.
    routineMax: 50,
    beyond: 'later',
  },
  droplet: {
    having: { backups: true },
    places: ['backup_policy/'],
    readOn: 'other settings',
    oneByOneMax: 20,
    routineMax: 20,
    beyond: 'all',
  },
  // These are listed once a day.
  spaces_bucket: {
    having: {},
    places: ['acl', 'versioning', 'policy'],
    readOn: 'other settings',
    oneByOneMax: 500,
    routineMax: 500,
    beyond: 'later',
  },
};

/** What no further request would find otherwise. */
const hopeless = new Set(['unauthorized', 'forbidden', 'unreachable', 'rate_limited', 'cancelled']);

const nothing: Absence = { unread: [{}], certainty: 'unclear' };

/** The records of zones, one zone after the other. One that is gone meanwhile is passed over. */
export async function* listRecords(
  reading: Reading,
  zones: readonly string[],
): AsyncGenerator<ListingEvent<ListedSettings>, void, undefined> {
  const failed: Extract<ListingEnd, { outcome: 'partial' }>[] = [];
  for (const zone of zones) {
    const values = {};
    for await (const event of paginate(reading, recordsIn(zone))) {
      if (event.type === 'page') for (const record of event.items) Object.assign(values, record);
      else if (event.end.outcome === 'complete')
        yield { type: 'page', items: [{ externalId: zone, settings: { values, untold: [] } }] };
      else if (event.end.problem !== 'not_offered') failed.push(event.end);
    }
    if (failed.some(({ problem }) => hopeless.has(problem))) break;
  }
  yield { type: 'end', end: endOf(failed, reading.sent) };
}

function endOf(failed: readonly Extract<ListingEnd, { outcome: 'partial' }>[], requests: number): ListingEnd {
  const [first] = failed;
  if (first === undefined) return { outcome: 'complete', reason: null, absence: nothing, requests };
  const reason = joinReasons(failed.map((end) => end.reason));
  return { outcome: 'partial', problem: first.problem, reason, absence: nothing, requests };
}

function recordsIn(zone: string): Collection<Readonly<Record<string, unknown>>> {
  return {
    endpoint: recordsOf(zone),
    idOf: idFrom('id'),
    read(raw) {
      const item = readRecordSettings(zone, raw);
      return item === null ? { ok: false, fault: 'type: missing' } : { ok: true, item, faults: [] };
    },
  };
}

/** The backup policies of droplets: of all, or of some. */
export async function* listPolicies(
  reading: Reading,
  droplets: readonly string[] | 'all',
): AsyncGenerator<ListingEvent<ListedSettings>, void, undefined> {
  if (droplets === 'all') return yield* paginate(reading, policies);
  const failed: Extract<ListingEnd, { outcome: 'partial' }>[] = [];
  for (const droplet of droplets) {
    const endpoint: Endpoint = backupPolicyOf(droplet);
    try {
      const { body } = await reading.get(endpoint.path, endpoint.query);
      const read = policies.read((body as Record<string, unknown> | null)?.[endpoint.key]);
      if (read !== 'skip' && read.ok) yield { type: 'page', items: [read.item] };
    } catch (error) {
      if (!(error instanceof RequestFailure)) throw error;
      if (error.status === 404) continue;
      const end = { outcome: 'partial', problem: error.problem, reason: error.message } as const;
      failed.push({ ...end, absence: nothing, requests: 1 });
      if (hopeless.has(error.problem)) break;
    }
  }
  yield { type: 'end', end: endOf(failed, reading.sent) };
}

const policies: Collection<ListedSettings> = {
  endpoint: endpoints.backupPolicies,
  idOf: idFrom('droplet_id'),
  read(raw) {
    const read = readPolicySettings(raw);
    if (read === null) return { ok: false, fault: 'droplet_id: missing' };
    return { ok: true, item: { externalId: read.dropletId, settings: read.draft }, faults: [] };
  },
};
