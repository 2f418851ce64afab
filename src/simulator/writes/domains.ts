import { z } from 'zod';
import type { DnsRecord } from '../entities.ts';
import { domainView, recordView } from '../views-services.ts';
import { deleting, invalid, missing, nothing, taking, type WriteRoute, type Writing } from './write.ts';

const newDomain = z.object({
  name: z
    .string()
    .max(253)
    .regex(/^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$/),
  ip_address: z.ipv4().optional(),
});

const number = z.int().min(0).nullish();
const record = z.object({
  type: z.enum(['A', 'AAAA', 'CAA', 'CNAME', 'MX', 'NS', 'SRV', 'TXT']),
  name: z.string().min(1).max(255),
  data: z.string().min(1).max(4_096),
  ttl: z.int().min(30).optional(),
  priority: number,
  port: number,
  weight: number,
  flags: number,
  tag: z.string().nullish(),
});

function findRecord({ world }: Writing, domain: string, id: string): DnsRecord {
  const found = world.domains.get(domain)?.records.find((each) => String(each.id) === id);
  if (found === undefined) throw missing();
  return found;
}

function put(writing: Writing, domain: string, id: number | undefined, fields: z.output<typeof record>) {
  const { type: recordType, ...rest } = fields;
  const made = writing.happen({ type: 'put_record', domain, id, recordType, ...rest }) as number;
  return recordView(findRecord(writing, domain, String(made)));
}

const someOfRecord = record.partial();

/** What was not given stays. */
function changeRecord(writing: Writing, body: z.output<typeof someOfRecord>, domain: string, id: string) {
  const { id: own, ...known } = findRecord(writing, domain, id);
  return { status: 200, body: { domain_record: put(writing, domain, own, record.parse({ ...known, ...body })) } };
}

export const domainWrites: readonly WriteRoute[] = [
  taking('POST', '/v2/domains', 'domain:create', newDomain, (writing, { name, ip_address: data }) => {
    const { domains } = writing.world;
    if (domains.get(name) !== undefined) throw invalid('Domain already exists');
    writing.happen({ type: 'create_domain', name });
    if (data !== undefined) writing.happen({ type: 'put_record', domain: name, recordType: 'A', name: '@', data });
    writing.created('domain', name, `/v2/domains/${name}`);
    const made = domains.get(name);
    return { status: 201, body: { domain: made && domainView(made) } };
  }),
  deleting('/v2/domains/{id}', 'domain:delete', (writing, name) => {
    if (writing.world.domains.get(name) === undefined) throw missing();
    writing.happen({ type: 'destroy', kind: 'domain', id: name });
    return nothing;
  }),
  taking('POST', '/v2/domains/{id}/records', 'domain:create', record, (writing, body, domain) => {
    if (writing.world.domains.get(domain) === undefined) throw missing();
    const made = put(writing, domain, undefined, body);
    writing.created(null, made['id'] as number, `/v2/domains/${domain}/records/${made['id']}`);
    return { status: 201, body: { domain_record: made } };
  }),
  taking('PUT', '/v2/domains/{id}/records/{record}', 'domain:update', someOfRecord, changeRecord),
  taking('PATCH', '/v2/domains/{id}/records/{record}', 'domain:update', someOfRecord, changeRecord),
  deleting('/v2/domains/{id}/records/{record}', 'domain:delete', (writing, domain, id) => {
    writing.happen({ type: 'delete_record', domain, id: findRecord(writing, domain, id).id });
    return nothing;
  }),
];
