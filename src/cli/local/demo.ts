import { openSecretKey } from '../../inventory/index.ts';
import { quoteDeployment } from '../../pricing/index.ts';
import { countUsageRecords, usageForPeriod, dayOf } from '../../metering/index.ts';
import {
  type Demonstration,
  type DemonstrationRequest,
  demonstrate,
  pilotDemonstration,
  agencyDemonstration,
} from '../../flows/index.ts';
import type { Command } from 'commander';
import { addCommand, withSession } from '../engine/command.ts';
import { flowContext } from '../engine/flow.ts';
import { fields } from '../engine/output.ts';
import { printOverview } from '../nouns/overview.ts';
import { describeRange, meteredText, monthOf } from '../engine/range.ts';
import type { Session, SessionDatabase } from '../engine/session.ts';

export function addDemoCommands(program: Command): void {
  const demo = program
    .command('demo')
    .summary('the main job on a simulated account, in a database of its own')
    .description(
      'The main job on a simulated account, by the ordinary functions, in a database of its own that is made afresh.',
    );

  addCommand(demo, 'pilot', {
    summary: 'one small deployment: ten days, synced every hour and metered',
    details:
      'Two active droplets, two zones, three snapshots of 10, 14 and 24 GB, from 2026-05-01 on. Run twice, it prints the same.',
    example: `
$ arcadia demo pilot --json
{
  "deployment": "acme-studio",
  "from": "2026-05-01", "to": "2026-06-01", "meteredThrough": "2026-05-11",
  "usageRecords": 70,
  "usage": { "dns_zones": "0.64516129", "droplet_hours": "480", "droplet_snapshot_gb_month": "15.483870968" },
  "quote": { "plan": "studio", "currency": "USD", "base": "50.00", "overage": "0.00", "total": "50.00", ... }
}`,
  }).action(withSession(runPilot));

  addCommand(demo, 'agency', {
    summary: 'forty deployments of an agency: ninety days, synced every 12 hours and metered',
    example: `
$ arcadia demo agency
CUSTOMER     DEPLOYMENT    DNS_ZONES  DROPLET_HOURS  PLAN        AMOUNT
Amber Press  amber-press        1.13         815.90  studio   50.00 USD
unassigned   unattributed       2.83        1224.00  -                -`,
  }).action(withSession(runAgency));
}

/** What is made afresh each time need not outlive a power cut: not waiting for the disk at each commit halves the time. */
function openAfresh(session: Session, database: string): Promise<SessionDatabase> {
  return session.database({ database, fresh: true, settings: { synchronous_commit: 'off' } });
}

async function demonstrateIn(
  session: Session,
  database: SessionDatabase,
  request: DemonstrationRequest,
): Promise<Demonstration> {
  const secretKey = await openSecretKey(database.db, await session.config());
  return demonstrate(database.db, { ...request, secretKey }, await flowContext(session, database));
}

async function runPilot(session: Session): Promise<void> {
  const database = await openAfresh(session, 'demo_pilot');
  const { db } = database;
  const made = await demonstrateIn(session, database, pilotDemonstration());
  const [declared] = made.deployments;
  if (declared === undefined) throw new Error('the fleet pilot declares a deployment');

  const { slug: deployment, plan } = declared;
  const month = monthOf(dayOf(made.from));
  const { usage, meteredThrough } = await usageForPeriod(db, deployment, month.from, month.to);
  const {
    deployment: _,
    from,
    to,
    meteredThrough: __,
    ...quote
  } = await quoteDeployment(db, { deployment, plan, ...month });
  const usageRecords = await countUsageRecords(db, deployment, month.from, month.to);
  const answer = { deployment, from, to, meteredThrough, syncs: made.syncs, usageRecords, usage, quote };
  if (session.output.json) return session.output.value(answer);
  const { currency, base, overage, total } = quote;
  await session.output.text(
    [
      `${deployment}, ${describeRange(month)}; ${meteredText({ from, meteredThrough })} (${made.syncs} syncs, ${usageRecords} usage records).`,
      fields(Object.entries(usage)),
      fields([
        ['plan', quote.plan],
        ['base', `${base} ${currency}`],
        ['overage', `${overage} ${currency}`],
        ['total', `${total} ${currency}`],
      ]),
    ].join('\n\n'),
  );
  session.output.note('\nLook around in it with any command and --database demo_pilot');
}

async function runAgency(session: Session): Promise<void> {
  const database = await openAfresh(session, 'demo_agency');
  await demonstrateIn(session, database, agencyDemonstration());
  await printOverview(session, database);
  session.output.note('\nLook around in it with any command and --database demo_agency');
}
