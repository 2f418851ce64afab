// For tests of this room: the ownership rules read a second time, one resource and one instant at a
// time, without sets or intervals. Instants are whole hours since an epoch, seen at their middle.
import { sql } from 'kysely';
import type { Database } from '../platform/database.ts';
import { inheritanceLayers } from './inheritance.ts';

interface Interval {
  readonly from: number;
  readonly to: number;
}
interface State extends Interval {
  readonly resource: number;
  readonly name: string;
  readonly tags: string[];
  readonly parents: string[];
}
interface Resource {
  readonly id: number;
  readonly kind: string;
  readonly ref: string;
  readonly firstSeen: number;
}
interface Rule extends Interval {
  readonly id: number;
  readonly kind: string;
  readonly position: number;
  readonly project: number | null;
  readonly pattern: string | null;
  readonly kinds: string[] | null;
  readonly set: number | null;
}
interface Facts {
  readonly resources: Resource[];
  readonly states: State[];
  readonly memberships: (Interval & { resource: number; project: number })[];
  readonly manual: (Interval & { resource: number; set: number })[];
  readonly rules: Rule[];
  /** Owner sets of one by slug, in order of making. */
  readonly deployments: { readonly slug: string; readonly set: number }[];
}

interface Owner {
  readonly set: number | null;
  readonly rule: number | null;
}
const nobody: Owner = { set: null, rule: null };

/** All facts as they are believed, as one JSON value. */
async function readFacts(db: Database, epoch: Temporal.Instant): Promise<Facts> {
  const hour = (column: string) => sql`CASE ${sql.ref(column)} WHEN '-infinity' THEN -1e9 WHEN 'infinity' THEN 1e9
    ELSE extract(epoch FROM ${sql.ref(column)} - ${epoch}::timestamptz) / 3600 END`;
  const span = sql`'from', ${hour('valid_from')}, 'to', ${hour('valid_to')}`;
  const all = (table: string, fields: ReturnType<typeof sql>) => sql`
    (SELECT coalesce(json_agg(json_build_object(${span}, ${fields})), '[]') FROM ${sql.table(table)} WHERE superseded_at = 'infinity')`;
  const { rows } = await sql<{ facts: Facts }>`
    SELECT json_build_object(
      'resources', (SELECT json_agg(json_build_object('id', resource_id, 'kind', kind, 'ref', kind || ':' || external_id,
                                                      'firstSeen', ${hour('first_seen_at')})) FROM resources),
      'states', ${all('resource_states', sql`'resource', resource_id, 'name', name, 'tags', tags, 'parents', parents`)},
      'memberships', ${all('project_memberships', sql`'resource', resource_id, 'project', project_id`)},
      'manual', ${all('manual_assignments', sql`'resource', resource_id, 'set', owner_set_id`)},
      'rules', ${all(
        'ownership_rules',
        sql`'id', rule_id, 'kind', kind, 'position', position, 'project', project_id, 'pattern', pattern,
                                            'kinds', resource_kinds, 'set', owner_set_id`,
      )},
      'deployments', (SELECT coalesce(json_agg(json_build_object('slug', d.slug, 'set', s.owner_set_id) ORDER BY d.deployment_id), '[]')
                      FROM deployments d JOIN owner_sets s ON s.signature = d.deployment_id || ':1' WHERE d.customer_id IS NOT NULL)
    ) AS facts`.execute(db);
  return (rows[0] as { facts: Facts }).facts;
}

const holds = (interval: Interval, hour: number) => interval.from <= hour && hour < interval.to;

function glob(pattern: string): RegExp {
  return new RegExp(
    `^${pattern
      .replace(/[.+^${}()|[\]\\]/g, '\\$&')
      .replaceAll('*', '.*')
      .replaceAll('?', '.')}$`,
  );
}

class NaiveOwnership {
  readonly facts: Facts;
  private readonly asked = new Map<string, Owner>();

  constructor(facts: Facts) {
    this.facts = facts;
  }

  private stateAt(resource: number, hour: number): State | undefined {
    return this.facts.states.find((state) => state.resource === resource && holds(state, hour));
  }

  /** The hour of birth; undefined for what never lived. */
  birth(resource: number): number | undefined {
    const births = this.facts.states.filter((state) => state.resource === resource).map((state) => state.from);
    return births.length === 0 ? undefined : Math.min(...births);
  }

  ownerAt(resource: Resource, hour: number): Owner {
    const key = `${resource.id} ${hour}`;
    const known = this.asked.get(key);
    if (known) return known;
    const owner = this.withFirstOwner(resource, hour);
    this.asked.set(key, owner);
    return owner;
  }

  private withFirstOwner(resource: Resource, hour: number): Owner {
    const birth = this.birth(resource.id) as number;
    for (let early = birth; early < resource.firstSeen + 24; early++) {
      const first = this.foundAt(resource, early);
      if (first.rule !== null) return hour < early ? first : this.foundAt(resource, hour);
    }
    return this.foundAt(resource, hour);
  }

  private foundAt(resource: Resource, hour: number): Owner {
    const state = this.stateAt(resource.id, hour);
    const rules = this.facts.rules
      .filter((rule) => holds(rule, hour))
      .sort((a, b) => a.position - b.position || a.id - b.id);
    for (const rule of rules) {
      const set = state || rule.kind === 'manual' ? this.apply(rule, resource, state, hour) : null;
      if (set !== null) return { set, rule: rule.id };
    }
    if (state) return nobody;
    const end = Math.max(
      ...this.facts.states.filter((each) => each.resource === resource.id && each.to <= hour).map((each) => each.to),
    );
    return this.foundAt(resource, end - 1);
  }

  private apply(rule: Rule, resource: Resource, state: State | undefined, hour: number): number | null {
    if (rule.kind === 'manual') {
      return this.facts.manual.find((one) => one.resource === resource.id && holds(one, hour))?.set ?? null;
    }
    if (!state || (rule.kinds && !rule.kinds.includes(resource.kind))) return null;
    switch (rule.kind) {
      case 'project':
        return this.facts.memberships.some(
          (one) => one.resource === resource.id && one.project === rule.project && holds(one, hour),
        )
          ? rule.set
          : null;
      case 'deployment_tag':
        return this.facts.deployments.find((one) => state.tags.includes(`deployment:${one.slug}`))?.set ?? null;
      case 'tag':
        return state.tags.includes(rule.pattern as string) ? rule.set : null;
      case 'name':
        return glob(rule.pattern as string).test(state.name) ? rule.set : null;
      default:
        return this.inherited(resource, state, hour);
    }
  }

  private inherited(resource: Resource, state: State, hour: number): number | null {
    const layer = (kind: string) => inheritanceLayers[kind] ?? 0;
    const parents = this.facts.resources.filter((parent) => {
      const birth = this.birth(parent.id);
      if (birth === undefined || birth > hour || layer(parent.kind) >= layer(resource.kind)) return false;
      if (state.parents.includes(parent.ref)) return true;
      const tags = this.stateAt(parent.id, hour)?.tags ?? [];
      return (
        resource.kind === 'firewall' &&
        parent.kind === 'droplet' &&
        tags.some((tag) => state.parents.includes(`tag:${tag}`))
      );
    });
    const sets = new Set(parents.map((parent) => this.ownerAt(parent, hour).set));
    const [set] = sets;
    return sets.size === 1 && set !== undefined ? set : null;
  }
}

/**
 * Where attributions and this reading of the facts differ, at the middle of each hour in [0, hours),
 * one account: resource, hour, what each says.
 */
export async function compareWithNaive(db: Database, epoch: Temporal.Instant, hours: number): Promise<string[]> {
  const naive = new NaiveOwnership(await readFacts(db, epoch));
  const { rows } = await sql<{
    resource_id: number;
    hour: number;
    owner_set_id: number | null;
    rule_id: number | null;
  }>`
    SELECT resource_id, hour, CASE WHEN d.customer_id IS NOT NULL OR a.rule_id IS NOT NULL THEN a.owner_set_id END AS owner_set_id, a.rule_id
    FROM attributions a CROSS JOIN generate_series(0, ${hours - 1}) AS hour
    LEFT JOIN owner_sets s ON s.owner_set_id = a.owner_set_id
    LEFT JOIN deployments d ON s.signature = d.deployment_id || ':1'
    WHERE a.superseded_at = 'infinity'
      AND tstzrange(a.valid_from, a.valid_to) @> ${epoch}::timestamptz + hour * interval '1 hour' + interval '30 minutes'`.execute(
    db,
  );
  const found = new Map(rows.map((row) => [`${row.resource_id} ${row.hour}`, row]));
  const differences: string[] = [];
  for (const resource of naive.facts.resources) {
    const birth = naive.birth(resource.id);
    for (let hour = 0; hour < hours; hour++) {
      const row = found.get(`${resource.id} ${hour}`);
      const derived = row ? `${row.owner_set_id} by ${row.rule_id}` : 'nothing';
      const lived = birth !== undefined && birth <= hour;
      const owner = lived ? naive.ownerAt(resource, hour) : undefined;
      const read = owner ? `${owner.set} by ${owner.rule}` : 'nothing';
      if (derived !== read) differences.push(`${resource.ref} at hour ${hour}: derived ${derived}, read ${read}`);
    }
  }
  return differences;
}
