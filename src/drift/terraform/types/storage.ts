import { aclSettings, canonical, parseUrn } from '../../../cloud/index.ts';
import { block, byAttribute, byId, type Reading, settings, type TypeReader } from '../reader.ts';

const { idText, list, text } = canonical;

const volume: TypeReader = {
  kind: 'volume',
  schemaVersion: 0,
  identity: ['id'],
  written: { name: 'name', region: 'region', size: 'size_gb', tags: 'tags', description: 'description' },
  identify: byId,
  read: ({ name, region, size, tags, description }) => ({
    fields: settings('volume', { name, region, payload: { size_gigabytes: size, tags, description } }),
  }),
};

/** Its own id is the plugin's invention. */
const volumeAttachment: TypeReader = {
  kind: 'volume',
  isPart: true,
  schemaVersion: 0,
  identity: ['volume_id'],
  written: { droplet_id: 'droplet' },
  identify: byAttribute('volume_id'),
  read(told) {
    const droplet = idText(told['droplet_id']);
    return { fields: droplet === undefined || droplet === '0' ? {} : { droplet } };
  },
};

/** Its size and where it is kept are not its owner's to set. */
const snapshot: TypeReader = {
  kind: 'snapshot',
  schemaVersion: 0,
  identity: ['id'],
  written: { name: 'name', tags: 'tags' },
  identify: byId,
  read: ({ name, tags }) => ({ fields: settings('snapshot', { name, payload: { tags } }) }),
};

/** The permissions that a canned list gives. `private` is also what the plugin says where it does not look. */
const cannedGrants: Readonly<Record<string, readonly string[]>> = {
  'public-read': aclSettings('owner', [
    { Grantee: { ID: 'owner' }, Permission: 'FULL_CONTROL' },
    { Grantee: { URI: 'http://acs.amazonaws.com/groups/global/AllUsers' }, Permission: 'READ' },
  ]),
};

const bucket: TypeReader = {
  kind: 'spaces_bucket',
  schemaVersion: 0,
  identity: ['name'],
  written: { region: 'region', acl: 'acl' },
  computed: { versioning: 'versioning' },
  identify: byAttribute('name'),
  read({ region, acl, versioning }) {
    const fields = settings('spaces_bucket', { region });
    const grants = Object.hasOwn(cannedGrants, text(acl) ?? '') ? cannedGrants[text(acl) ?? ''] : undefined;
    if (grants !== undefined) fields['acl'] = [...grants];
    // One that is not versioned may have been, which the state does not say.
    if (block(versioning)?.['enabled'] === true) fields['versioning'] = 'enabled';
    return {
      fields,
      quiet: [
        ...(acl === 'private' ? ['acl'] : []),
        ...(block(versioning)?.['enabled'] === false ? ['versioning'] : []),
      ],
    };
  },
};

const project: TypeReader = {
  kind: 'project',
  schemaVersion: 0,
  identity: ['id'],
  written: {
    name: 'name',
    description: 'description',
    purpose: 'purpose',
    environment: 'environment',
    is_default: 'is_default',
  },
  computed: { resources: 'members' },
  identify: byId,
  read({ id, name, resources, description, purpose, environment, is_default }) {
    const payload = { description, purpose, environment, is_default };
    return { fields: settings('project', { name, payload }), ...membersOf(id, resources) };
  },
};

const projectResources: TypeReader = {
  kind: 'project',
  isPart: true,
  schemaVersion: 0,
  identity: ['project'],
  written: { resources: 'members' },
  identify: byAttribute('project'),
  read: ({ project: id, resources }) => ({ fields: {}, ...membersOf(id, resources) }),
};

/** Those that are in a project, each by itself: others may be in it too. */
function membersOf(project: unknown, urns: unknown): Pick<Reading, 'others' | 'quiet'> {
  const id = idText(project);
  const members = list(urns)?.map((urn) => parseUrn(text(urn) ?? ''));
  if (id === undefined || members === undefined || members.includes(null)) return {};
  const others = members.flatMap((member) =>
    member === null ? [] : [{ kind: member.kind, id: member.externalId.toLowerCase(), fields: { project: id } }],
  );
  return { others, quiet: ['resources'] };
}

export const storageTypes: Readonly<Record<string, TypeReader>> = {
  digitalocean_volume: volume,
  digitalocean_volume_attachment: volumeAttachment,
  digitalocean_volume_snapshot: snapshot,
  digitalocean_droplet_snapshot: snapshot,
  digitalocean_spaces_bucket: bucket,
  digitalocean_project: project,
  digitalocean_project_resources: projectResources,
};
