import { createHash, randomUUID } from 'node:crypto';
import { pino } from 'pino';
import { connectAccount, identifyCredentials, openSecretKey } from '../../src/inventory/index.ts';
import { grantWriting } from '../../src/provisioning/grants.ts';
import { program } from '../../src/modules.ts';
import { databaseClock } from '../../src/platform/clock.ts';
import { type Config, loadConfig } from '../../src/platform/config.ts';
import { SnoozeJob } from '../../src/platform/declare/job.ts';
import type { Database } from '../../src/platform/database/database.ts';
import { seal, type SecretKey } from '../../src/platform/secrets/crypto.ts';
import type { ProposalDocument, ProposedStep, StepWork } from '../../src/provisioning/proposal-document.ts';
import { proposalPurpose } from '../../src/provisioning/proposals.ts';
import { insertApproval, insertProposal, selectProposal } from '../../src/provisioning/proposals.store.ts';
import { beginRollout, cancelRollout, resumeRollout, undoRollout } from '../../src/provisioning/rollouts.ts';
import { type RolloutRow, selectRollouts, selectSteps } from '../../src/provisioning/rollouts.store.ts';
import { type RolloutRun, runRollout } from '../../src/provisioning/run-rollout.ts';
import type { SimulatorOptions } from '../../src/simulator/server.ts';
import { ascending, open, type Opened } from '../contract/simulator-client.ts';
import { openTestDatabase, type TestDatabase } from '../database.ts';
import { testSecretKey } from '../http/api-fixture.ts';

/** The token that may write: nowhere but in its sealed place. */
export const writeToken = `write-${randomUUID()}`;

/** A database, a provider that takes writes, and an account of it that may be written to. */
export interface RolloutScene extends TestDatabase {
  readonly cloud: Opened;
  readonly config: Config;
  readonly run: RolloutRun;
  /** What the rollouts have logged. */
  readonly lines: string[];
  /** Begins a rollout of these steps. */
  begin(steps: readonly ProposedStep[], proposal?: Partial<Proposed>): Promise<number>;
  /** The hash of an approved proposal of these steps. */
  propose(steps: readonly ProposedStep[], proposal?: Partial<Proposed>): Promise<string>;
  beginByHash(hash: string): Promise<{ readonly rolloutId: number; readonly begun: boolean }>;
  /** One attempt; how long it waits then, or null where it has come to rest. */
  attempt(rolloutId: number, over?: Partial<RolloutRun>): Promise<number | null>;
  /** Attempts until it has come to rest, and passes the time between them. */
  drive(rolloutId: number, over?: Partial<RolloutRun>): Promise<RolloutRow>;
  decide(what: 'resume' | 'undo' | 'cancel', rolloutId: number): Promise<void>;
  rollout(rolloutId: number): Promise<RolloutRow>;
  /** By key: the state of its step, or why it is held. */
  steps(rolloutId: number): Promise<Record<string, string>>;
  /** The writes that have been sent, as method and route. */
  writes(): Promise<string[]>;
  /** Names of what lives, by kind. */
  live(kind: string): Promise<string[]>;
  faults(...wanted: readonly object[]): Promise<void>;
  pass(seconds: number): Promise<void>;
}

interface Proposed {
  readonly purpose: ProposalDocument['purpose'];
  readonly deployment: string;
  readonly customer: string;
  readonly secrets: Readonly<Record<string, string>>;
}

/** More attempts than any rollout of a test takes. */
const attemptsMax = 1_000;

const keys: Readonly<Record<string, string>> = { 'account/keys': 'ssh_keys' };

/** @param through gives the address under which the provider is asked instead of its own */
export async function openRolloutScene(
  options: Partial<SimulatorOptions> = {},
  through: (url: string) => Promise<string> = async (url) => url,
): Promise<RolloutScene> {
  const database = await openTestDatabase();
  const { db } = database;
  const cloud = await open({ fleet: 'pilot', seed: 1, writable: true, ...options });
  await cloud.control('limits', { perHour: null, perMinute: null });
  const env = { ARCADIA_DATA_DIR: '/tmp/arcadia-test-unused', ARCADIA_SECRET_KEY: testSecretKey };
  const config = loadConfig({ flags: {}, env }, program.settings);
  const secretKey = await openSecretKey(db, config);
  const clock = databaseClock(db);
  const found = await identifyCredentials(db, {
    apiUrl: await through(cloud.simulator.url),
    credentials: { token: 'read' },
  });
  const now = await clock.now();
  const { accountId, slug: account } = await connectAccount(
    db,
    { slug: 'acme', secretKey, ...found },
    found.identity,
    now,
  );
  await grantWriting(db, { account, token: writeToken, by: 'owner' }, { secretKey, config }, now);
  const lines: string[] = [];
  const log = pino({}, { write: (line: string) => void lines.push(line) });
  const signal = new AbortController().signal;
  const run: RolloutRun = { db, clock, config, signal, log, report: () => {}, read: async () => {} };
  const enqueue = async () => 'a job';

  const scene: RolloutScene = {
    ...database,
    cloud,
    config,
    run,
    lines,
    async propose(steps, proposal = {}) {
      return proposeIn(db, { accountId, account, secretKey, now: await clock.now() }, steps, proposal);
    },
    async beginByHash(hash) {
      const at = await clock.now();
      return db.transaction().execute((trx) => beginRollout({ trx, enqueue, secretKey, by: 'owner', now: at }, hash));
    },
    async begin(steps, proposal) {
      return (await scene.beginByHash(await scene.propose(steps, proposal))).rolloutId;
    },
    async attempt(rolloutId, over = {}) {
      try {
        await runRollout({ ...run, ...over }, rolloutId);
        return null;
      } catch (error) {
        if (error instanceof SnoozeJob) return error.seconds;
        throw error;
      }
    },
    async drive(rolloutId, over) {
      for (let attempt = 0; attempt < attemptsMax; attempt++) {
        const seconds = await scene.attempt(rolloutId, over);
        if (seconds === null) return scene.rollout(rolloutId);
        await scene.pass(Math.max(1, seconds));
      }
      throw new Error('the rollout does not come to rest');
    },
    async decide(what, rolloutId) {
      const decide = { resume: resumeRollout, undo: undoRollout, cancel: cancelRollout }[what];
      const at = await clock.now();
      await db
        .transaction()
        .execute((trx) => decide({ trx, enqueue, now: at, role: 'owner', by: `who asked for ${what}` }, rolloutId));
    },
    async rollout(rolloutId) {
      const [row] = await selectRollouts(db, { rolloutId });
      return row!;
    },
    async steps(rolloutId) {
      const rows = await selectSteps(db, rolloutId);
      return Object.fromEntries(rows.map(({ key, state }) => [key, state]));
    },
    async writes() {
      const { body } = await cloud.send('/_simulator/requests');
      return (body.recent as { method: string; url: string; status: number | null }[])
        .filter(({ method }) => method !== 'GET')
        .map(({ method, url, status }) => `${method} ${url} ${status}`);
    },
    async live(kind) {
      const items = await cloud.all(`/v2/${kind}`, keys[kind] ?? kind);
      return items.map(({ name, ip }) => String(name ?? ip)).toSorted(ascending);
    },
    async faults(...wanted) {
      await cloud.send('/_simulator/faults', { method: 'DELETE' });
      for (const fault of wanted) await cloud.control('faults', fault);
    },
    async pass(seconds) {
      await cloud.control('clock', { advanceBy: `PT${Math.ceil(seconds)}S` });
    },
    async close() {
      await cloud.close();
      await database.close();
    },
  };
  return scene;
}

/** The hash of an approved proposal of these steps. */
export async function proposeIn(
  db: Database,
  {
    accountId,
    account,
    secretKey,
    now,
  }: {
    readonly accountId: number;
    readonly account: string;
    readonly secretKey: SecretKey;
    readonly now: Temporal.Instant;
  },
  steps: readonly ProposedStep[],
  { purpose = 'create', deployment = 'beta-shop', customer = 'cus_88', secrets = {} }: Partial<Proposed> = {},
): Promise<string> {
  const document: ProposalDocument = {
    schema: 1,
    purpose,
    deployment,
    name: deployment,
    customer,
    account,
    plan: null,
    blueprint: null,
    parameters: {},
    sealed: {},
    acceptUnmetered: false,
    snapshots: purpose === 'destroy',
    proposedAt: now.toString(),
    expiresAt: now.add({ hours: 24 }).toString(),
    steps,
    scopes: [],
    ours: {
      currency: 'USD',
      monthly: { before: '0.00', after: '0.00', difference: '0.00' },
      restOfMonth: '0.00',
      lines: [],
      unknown: [],
    },
    customers: null,
    notMetered: [],
    problems: [],
    notes: [],
    seen: [],
    stays: [],
  };
  const hash = createHash('sha256')
    .update(`${JSON.stringify(document)} ${randomUUID()}`)
    .digest('hex');
  await db.transaction().execute(async (trx) => {
    const sealed = Object.keys(secrets).length === 0 ? null : seal(secretKey, proposalPurpose, JSON.stringify(secrets));
    await insertProposal(trx, { hash, accountId, blueprintVersionId: null, document, secrets: sealed }, 'operator');
    const { proposalId } = (await selectProposal(trx, { hash }))!;
    await insertApproval(trx, proposalId, 'owner', now);
  });
  return hash;
}

type Given = Partial<Omit<ProposedStep, 'key' | 'work'>>;

export function step(key: string, work: StepWork, given: Given = {}): ProposedStep {
  const undo = work.do === 'create' ? 'destroy' : 'nothing';
  return { key, says: key, work, scopes: [], undo, loses: null, ...given };
}

const anywhere = { addresses: ['0.0.0.0/0', '::/0'], tags: [], droplets: [], loadBalancers: [] };

/** A small shop: what a blueprint of two droplets, a volume and a load balancer is proposed as, without what is noted down. */
export function shop(slug = 'beta-shop', size = 's-1vcpu-1gb'): readonly ProposedStep[] {
  const tag = `deployment:${slug}`;
  const droplet = (name: string, volumes: readonly { readonly $id: string }[]): ProposedStep =>
    step(`droplet ${name}`, {
      do: 'create',
      kind: 'droplet',
      spec: {
        name: `${slug}-${name}`,
        region: 'fra1',
        size,
        image: 'ubuntu-24-04-x64',
        tags: [tag, { $mark: 'tag' }],
        sshKeys: [],
        volumes,
        vpc: { $id: 'vpc' },
        backups: null,
        userData: null,
      },
      marker: { mark: { $mark: 'tag' } },
      mayAdopt: false,
    });
  return [
    step('project', {
      do: 'create',
      kind: 'project',
      spec: { name: slug, description: { $mark: 'text' }, purpose: 'Web Application', environment: 'Production' },
      marker: { name: slug, mark: { $mark: 'text' } },
      mayAdopt: false,
    }),
    step('tag', { do: 'create', kind: 'tag', spec: { name: tag }, marker: { name: tag }, mayAdopt: true }),
    step('vpc', {
      do: 'create',
      kind: 'vpc',
      spec: { name: slug, description: { $mark: 'text' }, region: 'fra1', ipRange: null },
      marker: { name: slug, mark: { $mark: 'text' } },
      mayAdopt: false,
    }),
    step('firewall', {
      do: 'create',
      kind: 'firewall',
      spec: {
        name: { $name: slug },
        tags: [tag],
        inbound: [{ protocol: 'tcp', ports: '443', ...anywhere }],
        outbound: [{ protocol: 'tcp', ports: 'all', ...anywhere }],
      },
      marker: { name: { $name: slug } },
      mayAdopt: false,
    }),
    step('volume data', {
      do: 'create',
      kind: 'volume',
      spec: { name: `${slug}-data`, description: '', sizeGb: 100, region: 'fra1', tags: [tag, { $mark: 'tag' }] },
      marker: { name: `${slug}-data`, region: 'fra1', mark: { $mark: 'tag' } },
      mayAdopt: false,
    }),
    droplet('web-1', [{ $id: 'volume data' }]),
    droplet('web-2', []),
    step('balancer', {
      do: 'create',
      kind: 'load_balancer',
      spec: {
        name: { $name: `${slug}-lb` },
        region: 'fra1',
        nodes: 1,
        project: { $id: 'project' },
        vpc: { $id: 'vpc' },
        targets: { tag },
        forwarding: [
          { entryProtocol: 'http', entryPort: 80, targetProtocol: 'http', targetPort: 80, certificate: null },
        ],
      },
      marker: { name: { $name: `${slug}-lb` }, project: { $id: 'project' } },
      mayAdopt: false,
    }),
    step(
      'assignment',
      {
        do: 'act',
        act: {
          on: 'project',
          id: { $id: 'project' },
          do: 'assign',
          urns: [{ $urn: 'volume data' }, { $urn: 'droplet web-1' }, { $urn: 'droplet web-2' }],
        },
      },
      { undo: 'nothing' },
    ),
  ];
}

/** The least that has one of each kind that is found in another way: no network, and one droplet. */
export function stall(slug: string): readonly ProposedStep[] {
  return shop(slug).flatMap((one) => {
    const { work } = one;
    if (one.key === 'vpc' || one.key === 'droplet web-2' || work.do !== 'create') return [];
    if (work.kind === 'droplet') return [{ ...one, work: { ...work, spec: { ...work.spec, vpc: null } } }];
    if (work.kind === 'load_balancer') return [{ ...one, work: { ...work, spec: { ...work.spec, vpc: null } } }];
    return [one];
  });
}

export const wholeStall = { projects: 1, firewalls: 1, volumes: 1, droplets: 1, load_balancers: 1 };

/** A shop with all that is noted down of it but a subscription. */
export function owned(slug = 'beta-shop'): readonly ProposedStep[] {
  const [project, ...others] = shop(slug);
  const note = (key: string, work: Extract<StepWork, { do: 'record' }>) => step(key, work);
  return [
    project as ProposedStep,
    note('deployment', {
      do: 'record',
      what: 'deployment',
      customer: 'cus_88',
      name: 'Beta Shop',
      project: { $id: 'project' },
    }),
    ...others,
    note('assignment of the firewall', {
      do: 'record',
      what: 'assignment',
      kind: 'firewall',
      externalId: { $id: 'firewall' },
    }),
    note('protection of data', {
      do: 'record',
      what: 'protection',
      kind: 'volume',
      externalId: { $id: 'volume data' },
      reason: 'the blueprint protects it',
    }),
    note('declaration', { do: 'record', what: 'declaration' }),
  ];
}

interface Living {
  readonly id: string;
  readonly name: string;
}

/** What a proposal to destroy a shop consists of, by what lives now. */
export async function teardown(scene: RolloutScene, slug = 'beta-shop'): Promise<readonly ProposedStep[]> {
  const own = async (path: string, key = path): Promise<Living[]> =>
    (await scene.cloud.all(`/v2/${path}`, key))
      .filter(({ name }) => name === slug || name.startsWith(`${slug}-`))
      .map(({ id, name }) => ({ id: String(id), name }));
  const gone = (kind: Extract<StepWork, { do: 'destroy' }>['kind'], { id, name }: Living): ProposedStep =>
    step(`destroy ${kind} ${name}`, { do: 'destroy', kind, externalId: id });
  const droplets = await own('droplets');
  const volumes = await own('volumes');
  const act = (key: string, { id }: Living, what: 'shutdown' | 'power_off') =>
    step(key, { do: 'act', act: { on: 'droplet', id, do: what } });
  return [
    ...(await own('load_balancers')).map((each) => gone('load_balancer', each)),
    ...droplets.flatMap((each) => [
      act(`shut down ${each.name}`, each, 'shutdown'),
      act(`power off ${each.name}`, each, 'power_off'),
      step(`snapshot of ${each.name}`, {
        do: 'act',
        act: { on: 'droplet', id: each.id, do: 'snapshot', name: `last-of-${each.name}` },
      }),
    ]),
    ...volumes.flatMap((each) => [
      step(
        `snapshot of ${each.name}`,
        {
          do: 'create',
          kind: 'snapshot',
          spec: { volume: each.id, name: { $name: `last-of-${each.name}` }, tags: [] },
          marker: { name: { $name: `last-of-${each.name}` }, source: each.id },
          mayAdopt: false,
        },
        { undo: 'nothing' },
      ),
      step(`detach ${each.name}`, {
        do: 'act',
        act: { on: 'volume', id: each.id, do: 'detach', droplet: droplets[0]?.id ?? '' },
      }),
    ]),
    ...droplets.map((each) => gone('droplet', each)),
    ...volumes.map((each) => gone('volume', each)),
    ...(await own('firewalls')).map((each) => gone('firewall', each)),
    ...(await own('projects')).map((each) => gone('project', each)),
    ...(await own('vpcs')).map((each) => gone('vpc', each)),
  ];
}

/** What of a shop lives: of each kind, how many of its own. */
export async function liveOf(scene: RolloutScene, slug = 'beta-shop'): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const kind of ['projects', 'vpcs', 'firewalls', 'volumes', 'droplets', 'load_balancers']) {
    const names = (await scene.live(kind)).filter((name) => name === slug || name.startsWith(`${slug}-`));
    if (names.length > 0) counts[kind] = names.length;
  }
  return counts;
}

export const wholeShop = { projects: 1, vpcs: 1, firewalls: 1, volumes: 1, droplets: 2, load_balancers: 1 };
