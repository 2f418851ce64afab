import { createHash } from 'node:crypto';
import { z } from 'zod';
import { rfc3339 } from '../time.ts';
import { keyView } from '../views-services.ts';
import { projectResourceView, projectView } from '../views.ts';
import { deleting, invalid, missing, nothing, Refusal, taking, type WriteRoute, type Writing } from './write.ts';

const project = {
  name: z.string().min(1).max(175),
  description: z.string().max(255),
  purpose: z.string().min(1).max(255),
  environment: z.enum(['Development', 'Staging', 'Production']),
};
const newProject = z.object({
  ...project,
  description: project.description.default(''),
  environment: project.environment.default('Development'),
});

function assertNameFree({ world }: Writing, name: string, own: string | null): void {
  const taken = world.projects.list().some((each) => each.name === name && each.id !== own);
  if (taken) throw new Refusal(409, `a project with the name "${name}" already exists`);
}

const someOfProject = z.object(project).partial();

/** What was not given stays. */
function changeProject(writing: Writing, changes: z.output<typeof someOfProject>, id: string) {
  const { world, lens } = writing;
  const known = id === 'default' ? world.defaultProject : world.projects.get(id);
  if (known === undefined) throw missing();
  const { name, ...described } = z.object(project).parse({ ...known, ...changes });
  assertNameFree(writing, name, known.id);
  if (name !== known.name) writing.happen({ type: 'rename_project', id: known.id, name });
  writing.happen({ type: 'describe_project', id: known.id, ...described });
  return { status: 200, body: { project: projectView(known, lens) } };
}

/** Each resource by itself: what is not there is said so beside what was assigned. */
function assign(writing: Writing, { resources }: { readonly resources: readonly string[] }, id: string) {
  const { world, lens } = writing;
  const home = id === 'default' ? world.defaultProject : world.projects.get(id);
  if (home === undefined) throw missing();
  const answered = resources.map((given) => {
    const urn = given.replace(/^do:reservedip:/, 'do:floatingip:');
    const before = world.projectOf(urn);
    const status = before === undefined ? 'not_found' : before === home ? 'already_assigned' : 'assigned';
    if (status === 'assigned') writing.happen({ type: 'move', urn, project: home.id });
    const at = home.resources.get(urn);
    const view = projectResourceView([urn, at ?? world.now], lens);
    return { ...view, urn: given, assigned_at: rfc3339(at ?? world.now), status };
  });
  return { status: 200, body: { resources: answered } };
}

const newKey = z.object({ name: z.string().min(1).max(255), public_key: z.string() });

/** As the provider shows it: the MD5 of the key itself. */
function fingerprintOf(publicKey: string): string {
  const [, encoded] = /^(?:ssh|ecdsa|sk)-\S+ ([A-Za-z0-9+/=]+)(?: |$)/.exec(publicKey) ?? [];
  if (encoded === undefined) throw invalid('Key invalid, key should be of the format `type key [comment]`');
  const digits = createHash('md5').update(Buffer.from(encoded, 'base64')).digest('hex');
  return (digits.match(/../g) ?? []).join(':');
}

export const projectWrites: readonly WriteRoute[] = [
  taking('POST', '/v2/projects', 'project:create', newProject, (writing, body) => {
    assertNameFree(writing, body.name, null);
    const id = writing.happen({ type: 'create_project', ...body }) as string;
    writing.created('project', id, `/v2/projects/${id}`);
    const made = writing.world.projects.get(id);
    return { status: 201, body: { project: made && projectView(made, writing.lens) } };
  }),
  taking('PATCH', '/v2/projects/{id}', 'project:update', someOfProject, changeProject),
  deleting('/v2/projects/{id}', 'project:delete', (writing, id) => {
    const known = writing.world.projects.get(id);
    if (known === undefined) throw missing();
    if (known.isDefault || known.resources.size > 0) {
      throw new Refusal(412, 'cannot delete a project with resources. move or remove the resources first');
    }
    writing.happen({ type: 'destroy', kind: 'project', id });
    return nothing;
  }),
  taking(
    'POST',
    '/v2/projects/{id}/resources',
    'project:assign_resource',
    z.object({ resources: z.array(z.string().regex(/^do:[a-z]+:.+$/)) }),
    assign,
  ),
  taking('POST', '/v2/account/keys', 'ssh_key:create', newKey, (writing, { name, public_key: publicKey }) => {
    const fingerprint = fingerprintOf(publicKey);
    const { keys } = writing.world;
    if (keys.list().some((key) => key.fingerprint === fingerprint)) {
      throw invalid('SSH Key is already in use on your account');
    }
    const id = writing.happen({ type: 'create_key', name, publicKey, fingerprint }) as number;
    writing.created(null, id, `/v2/account/keys/${id}`);
    const made = keys.get(id);
    return { status: 201, body: { ssh_key: made && keyView(made) } };
  }),
  deleting('/v2/account/keys/{id}', 'ssh_key:delete', (writing, id) => {
    const found = writing.world.keys.list().find((key) => String(key.id) === id || key.fingerprint === id);
    if (found === undefined) throw missing();
    writing.happen({ type: 'destroy_key', key: found.id });
    return nothing;
  }),
];
