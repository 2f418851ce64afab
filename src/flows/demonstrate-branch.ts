import type { Provider } from '../cloud/index.ts';
import { type Account, noteToken, openAccount } from '../inventory/index.ts';
import { dayOf } from '../metering/index.ts';
import { databaseClock } from '../platform/clock.ts';
import type { Database } from '../platform/database/database.ts';
import type { SecretKey } from '../platform/secrets/crypto.ts';
import { setExchangeRate } from '../pricing/index.ts';
import { describeFleet } from '../simulator/index.ts';
import { decidedBy, declareFleet, type DeclaredFleet } from './declare-fleet.ts';
import { type BuiltInAccount, connectBuiltIn, findOrConnect, syncWhole } from './demonstrated-account.ts';

// The second account of a demonstration: one customer in Ireland, who pays in euros. A week before the end of the history
// its token was replaced by one that may not read snapshots, whose usage is a gap since.

const account: BuiltInAccount = { slug: 'europe', fleet: 'pilot', seed: 2, token: 'simulated', spacesRegions: [] };

const lessFrom = Temporal.Instant.from('2026-06-11T00:00:00Z');
const lesserToken = 'simulated-without-snapshot:read';
const refused: ReadonlySet<string> = new Set(['snapshot']);

const euroPlan = `plan: studio-euro
name: Studio (EUR)
from: 2000-01-01
currency: EUR
base: 45.00
items:
  - { kind: droplet_hours, allowance: 1488, model: standard, properties: { unitPrice: 0.036 } }
  - { kind: dns_zones, allowance: 1, model: standard, properties: { unitPrice: 0.90 } }
  - { kind: droplet_snapshot_gb_month, allowance: 20, model: standard, properties: { unitPrice: 0.09 } }
  - { kind: droplet_backup_gb_month, allowance: 50, model: standard, properties: { unitPrice: 0.07 } }
`;

/** 1 EUR in USD, and 1 USD in EUR, on the Fridays of the history and on its last day but one. */
const rates = [
  ['2026-05-01', '1.0884', '0.9188'],
  ['2026-05-08', '1.0861', '0.9207'],
  ['2026-05-15', '1.0912', '0.9164'],
  ['2026-05-22', '1.0937', '0.9143'],
  ['2026-05-29', '1.0925', '0.9153'],
  ['2026-06-05', '1.0903', '0.9172'],
  ['2026-06-12', '1.0949', '0.9133'],
  ['2026-06-17', '1.0958', '0.9126'],
] as const;

interface BranchRequest {
  readonly cadence: Temporal.Duration;
  readonly secretKey: SecretKey;
  readonly to: Temporal.Instant;
  readonly signal: AbortSignal | undefined;
}

/** The account as the history goes on: nothing of it before its fleet begins. */
export class Branch {
  readonly #db: Database;
  readonly #request: BranchRequest;
  readonly #fleet: DeclaredFleet;
  readonly #start: Temporal.Instant;
  #opened: { readonly account: Account; readonly provider: Provider } | null = null;

  constructor(db: Database, request: BranchRequest) {
    const { start, deployments, sharedResources } = describeFleet(account.fleet, account.seed);
    this.#db = db;
    this.#request = request;
    this.#start = start;
    this.#fleet = {
      deployments: deployments.map((one) => ({
        ...one,
        customer: { ...one.customer, currency: 'EUR' },
        plan: 'studio-euro',
      })),
      sharedResources,
      plans: [{ name: 'studio-euro.yaml', text: euroPlan }],
    };
  }

  /** Reads the account as it is at `now`, unless somebody has disconnected it. */
  async read(now: Temporal.Instant): Promise<void> {
    const { cadence, signal, secretKey } = this.#request;
    if (isBefore(now, this.#start)) return;
    const isLesser = !isBefore(now, lessFrom);
    // The step at which the token is replaced.
    if (isLesser && isBefore(now.subtract(cadence), lessFrom)) await this.#replaceToken(now);
    const db = this.#db;
    const opened = this.#opened ?? (await this.#open(await findOrConnect(db, account, { now, signal, secretKey })));
    if (opened === null) return;
    const reading = { clock: databaseClock(db), signal, ...(isLesser && { refused }) };
    await syncWhole(db, opened.account, opened.provider, reading);
  }

  /** Declares what its operator would by `now`, and the exchange rates that were published since the last step. */
  async declare(now: Temporal.Instant): Promise<void> {
    if (isBefore(now, this.#start)) return;
    const { cadence, to } = this.#request;
    await declareFleet(this.#db, this.#fleet, { now, end: to });
    const last = dayOf(now.subtract(cadence));
    for (const [text, dollars, euros] of rates) {
      const day = Temporal.PlainDate.from(text);
      const isNew = Temporal.PlainDate.compare(day, last) > 0 && Temporal.PlainDate.compare(day, dayOf(now)) <= 0;
      if (!isNew) continue;
      const published = { day, source: 'ECB' };
      await setExchangeRate(this.#db, { base: 'EUR', counter: 'USD', rate: dollars, ...published }, decidedBy, now);
      await setExchangeRate(this.#db, { base: 'USD', counter: 'EUR', rate: euros, ...published }, decidedBy, now);
    }
  }

  async close(): Promise<void> {
    await this.#opened?.provider.close();
    this.#opened = null;
  }

  async #replaceToken(now: Temporal.Instant): Promise<void> {
    const { signal, secretKey } = this.#request;
    await this.close();
    const lesser = { ...account, token: lesserToken };
    const opened = await this.#open(await connectBuiltIn(this.#db, lesser, { now, signal, secretKey }));
    if (opened !== null) await noteToken(this.#db, opened.account, opened.provider, now, signal);
  }

  async #open(found: Account) {
    if (found.disconnectedAt !== null) return null;
    this.#opened = { account: found, provider: await openAccount(this.#db, found, this.#request.secretKey) };
    return this.#opened;
  }
}

function isBefore(a: Temporal.Instant, b: Temporal.Instant): boolean {
  return Temporal.Instant.compare(a, b) < 0;
}
