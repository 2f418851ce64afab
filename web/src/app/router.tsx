import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  Link,
  type ErrorComponentProps,
} from '@tanstack/react-router';
import { Problem } from '../api/client.ts';
import { Failed, Skeleton } from '../ui/States.tsx';
import ui from '../ui/ui.module.css';
import { billSearch, billsSearch } from '../bills/search.ts';
import { marginSearch } from '../margin/search.ts';
import { driftSearch } from '../drift/search.ts';
import { customersSearch } from '../customers/read.ts';
import { deploymentsSearch } from '../deployments/read.ts';
import { correctionsSearch } from '../corrections/search.ts';
import { gatewaySearch } from '../gateway/search.ts';
import { inventorySearch } from '../inventory/search.ts';
import { jobsSearch } from '../jobs/search.ts';
import { invoicesSearch } from '../invoices/search.ts';
import { planSearch, plansSearch } from '../plans/search.ts';
import { blueprintSearch, newDeploymentSearch, provisioningSearch } from '../provisioning/search.ts';
import { rulesSearch } from '../rules/read.ts';
import { auditSearch } from '../audit/search.ts';
import { settingsSearch } from '../settings/search.ts';
import { unassignedSearch } from '../unassigned/read.ts';
import { usageSearch } from '../usage/read.ts';
import { listSearch } from '../lists/search.ts';
import { commonSearch, parseSearch, stringifySearch } from './address.ts';
import { Frame } from './Frame.tsx';
import { useMe, useSessionState } from './session.ts';
import { SignIn } from './SignIn.tsx';

function Root() {
  const { data: me, error, refetch } = useMe();
  const state = useSessionState();
  if (me !== undefined) return <Frame me={me} />;
  if (state === 'out') {
    const isRefused = error instanceof Problem && error.status !== 401;
    return <SignIn refused={isRefused ? error : (startProblem.current ?? null)} />;
  }
  if (error !== null) return <Failed problem={error} onRetry={() => void refetch()} />;
  return <Skeleton rows={6} />;
}

/** What was wrong with the token of the link by which this page was opened. */
export const startProblem: { current: Problem | null } = { current: null };

function NotFound() {
  return (
    <div className={ui.block}>
      <h1 tabIndex={-1}>Nothing is here</h1>
      <p>This address names no view of the dashboard.</p>
      <Link to="/" className={ui.link}>
        To the overview
      </Link>
    </div>
  );
}

const notLoaded = 'view_not_loaded';

function Broken({ error: thrown, reset }: ErrorComponentProps) {
  const error = thrown instanceof Error ? thrown : new Error(String(thrown));
  const isPart = error instanceof Problem && error.code === notLoaded;
  if (isPart) reloadOnceForNewBuild();
  return <Failed problem={error} onRetry={isPart ? () => location.reload() : reset} />;
}

const reloadedKey = 'arcadia.reloaded';

/** A part of a build that is no longer there: the page has been open since before this server's version. */
function reloadOnceForNewBuild(): void {
  if (!navigator.onLine || sessionStorage.getItem(reloadedKey) === location.pathname) return;
  sessionStorage.setItem(reloadedKey, location.pathname);
  location.reload();
}

/** The code of a view. The router's own remedy where it is not there would reload without a connection too. */
async function loaded<Part>(part: Promise<Part>): Promise<Part> {
  const found = await part.catch(() => {
    throw new Problem('This view could not be loaded.', {
      code: notLoaded,
      todo: 'Check the connection, then try again.',
    });
  });
  sessionStorage.removeItem(reloadedKey);
  return found;
}

const root = createRootRoute({ component: Root, notFoundComponent: NotFound, validateSearch: commonSearch });

const overview = createRoute({
  getParentRoute: () => root,
  path: '/',
  component: lazyRouteComponent(() => loaded(import('../overview/Overview.tsx')), 'Overview'),
});

const inventory = createRoute({
  getParentRoute: () => root,
  path: '/resources',
  validateSearch: (search: Record<string, unknown>) => ({
    ...commonSearch(search),
    ...inventorySearch(search),
  }),
  component: lazyRouteComponent(() => loaded(import('../inventory/Inventory.tsx')), 'Inventory'),
});

const resource = createRoute({
  getParentRoute: () => root,
  path: '/resources/$resource',
  component: lazyRouteComponent(() => loaded(import('../resource/Resource.tsx')), 'Resource'),
});

const deployments = createRoute({
  getParentRoute: () => root,
  path: '/deployments',
  validateSearch: (search: Record<string, unknown>) => ({ ...commonSearch(search), ...deploymentsSearch(search) }),
  component: lazyRouteComponent(() => loaded(import('../deployments/Deployments.tsx')), 'Deployments'),
});

const deployment = createRoute({
  getParentRoute: () => root,
  path: '/deployments/$deployment',
  component: lazyRouteComponent(() => loaded(import('../deployments/Deployment.tsx')), 'Deployment'),
});

const customers = createRoute({
  getParentRoute: () => root,
  path: '/customers',
  validateSearch: (search: Record<string, unknown>) => ({ ...commonSearch(search), ...customersSearch(search) }),
  component: lazyRouteComponent(() => loaded(import('../customers/Customers.tsx')), 'Customers'),
});

const customer = createRoute({
  getParentRoute: () => root,
  path: '/customers/$customer',
  validateSearch: (search: Record<string, unknown>) => ({ ...commonSearch(search), ...customersSearch(search) }),
  component: lazyRouteComponent(() => loaded(import('../customers/Customer.tsx')), 'Customer'),
});

const unassigned = createRoute({
  getParentRoute: () => root,
  path: '/unassigned',
  validateSearch: (search: Record<string, unknown>) => ({ ...commonSearch(search), ...unassignedSearch(search) }),
  component: lazyRouteComponent(() => loaded(import('../unassigned/Unassigned.tsx')), 'Unassigned'),
});

const usage = createRoute({
  getParentRoute: () => root,
  path: '/usage',
  validateSearch: (search: Record<string, unknown>) => ({ ...commonSearch(search), ...usageSearch(search) }),
  component: lazyRouteComponent(() => loaded(import('../usage/Usage.tsx')), 'Usage'),
});

const rules = createRoute({
  getParentRoute: () => root,
  path: '/rules',
  validateSearch: (search: Record<string, unknown>) => ({ ...commonSearch(search), ...rulesSearch(search) }),
  component: lazyRouteComponent(() => loaded(import('../rules/Rules.tsx')), 'Rules'),
});

const bills = createRoute({
  getParentRoute: () => root,
  path: '/bills',
  validateSearch: (search: Record<string, unknown>) => ({ ...commonSearch(search), ...billsSearch(search) }),
  component: lazyRouteComponent(() => loaded(import('../bills/Bills.tsx')), 'Bills'),
});

const bill = createRoute({
  getParentRoute: () => root,
  path: '/bills/$bill',
  validateSearch: (search: Record<string, unknown>) => ({ ...commonSearch(search), ...billSearch(search) }),
  component: lazyRouteComponent(() => loaded(import('../bills/Bill.tsx')), 'Bill'),
});

const margin = createRoute({
  getParentRoute: () => root,
  path: '/margin',
  validateSearch: (search: Record<string, unknown>) => ({ ...commonSearch(search), ...marginSearch(search) }),
  component: lazyRouteComponent(() => loaded(import('../margin/Margin.tsx')), 'Margin'),
});

const drift = createRoute({
  getParentRoute: () => root,
  path: '/drift',
  validateSearch: (search: Record<string, unknown>) => ({ ...commonSearch(search), ...driftSearch(search) }),
  component: lazyRouteComponent(() => loaded(import('../drift/Drift.tsx')), 'Drift'),
});

const finding = createRoute({
  getParentRoute: () => root,
  path: '/drift/$finding',
  component: lazyRouteComponent(() => loaded(import('../drift/Finding.tsx')), 'Finding'),
});

const declaration = createRoute({
  getParentRoute: () => root,
  path: '/declarations/$declaration',
  validateSearch: (search: Record<string, unknown>) => ({ ...commonSearch(search), ...listSearch(search, []) }),
  component: lazyRouteComponent(() => loaded(import('../drift/Declaration.tsx')), 'Declaration'),
});

const gateway = createRoute({
  getParentRoute: () => root,
  path: '/gateway',
  validateSearch: (search: Record<string, unknown>) => ({ ...commonSearch(search), ...gatewaySearch(search) }),
  component: lazyRouteComponent(() => loaded(import('../gateway/Gateway.tsx')), 'Gateway'),
});

const provisioning = createRoute({
  getParentRoute: () => root,
  path: '/provisioning',
  validateSearch: (search: Record<string, unknown>) => ({ ...commonSearch(search), ...provisioningSearch(search) }),
  component: lazyRouteComponent(() => loaded(import('../provisioning/Provisioning.tsx')), 'Provisioning'),
});

const newDeployment = createRoute({
  getParentRoute: () => root,
  path: '/provisioning/new',
  validateSearch: (search: Record<string, unknown>) => ({ ...commonSearch(search), ...newDeploymentSearch(search) }),
  component: lazyRouteComponent(() => loaded(import('../provisioning/NewDeployment.tsx')), 'NewDeployment'),
});

const proposal = createRoute({
  getParentRoute: () => root,
  path: '/proposals/$hash',
  component: lazyRouteComponent(() => loaded(import('../provisioning/Proposal.tsx')), 'Proposal'),
});

const rollout = createRoute({
  getParentRoute: () => root,
  path: '/rollouts/$rollout',
  component: lazyRouteComponent(() => loaded(import('../provisioning/Rollout.tsx')), 'Rollout'),
});

const blueprint = createRoute({
  getParentRoute: () => root,
  path: '/blueprints/$blueprint',
  validateSearch: (search: Record<string, unknown>) => ({ ...commonSearch(search), ...blueprintSearch(search) }),
  component: lazyRouteComponent(() => loaded(import('../provisioning/Blueprint.tsx')), 'Blueprint'),
});

const jobs = createRoute({
  getParentRoute: () => root,
  path: '/jobs',
  validateSearch: (search: Record<string, unknown>) => ({ ...commonSearch(search), ...jobsSearch(search) }),
  component: lazyRouteComponent(() => loaded(import('../jobs/Jobs.tsx')), 'Jobs'),
});

const job = createRoute({
  getParentRoute: () => root,
  path: '/jobs/$job',
  component: lazyRouteComponent(() => loaded(import('../jobs/Job.tsx')), 'Job'),
});

const accounts = createRoute({
  getParentRoute: () => root,
  path: '/accounts',
  component: lazyRouteComponent(() => loaded(import('../accounts/Accounts.tsx')), 'Accounts'),
});

const account = createRoute({
  getParentRoute: () => root,
  path: '/accounts/$account',
  component: lazyRouteComponent(() => loaded(import('../accounts/Account.tsx')), 'Account'),
});

const settings = createRoute({
  getParentRoute: () => root,
  path: '/settings',
  validateSearch: (search: Record<string, unknown>) => ({ ...commonSearch(search), ...settingsSearch(search) }),
  component: lazyRouteComponent(() => loaded(import('../settings/Settings.tsx')), 'Settings'),
});

const audit = createRoute({
  getParentRoute: () => root,
  path: '/audit',
  validateSearch: (search: Record<string, unknown>) => ({ ...commonSearch(search), ...auditSearch(search) }),
  component: lazyRouteComponent(() => loaded(import('../audit/Audit.tsx')), 'Audit'),
});

const invoices = createRoute({
  getParentRoute: () => root,
  path: '/invoices',
  validateSearch: (search: Record<string, unknown>) => ({ ...commonSearch(search), ...invoicesSearch(search) }),
  component: lazyRouteComponent(() => loaded(import('../invoices/Invoices.tsx')), 'Invoices'),
});

const invoice = createRoute({
  getParentRoute: () => root,
  path: '/invoices/$invoice',
  component: lazyRouteComponent(() => loaded(import('../invoices/Invoice.tsx')), 'Invoice'),
});

const corrections = createRoute({
  getParentRoute: () => root,
  path: '/corrections',
  validateSearch: (search: Record<string, unknown>) => ({ ...commonSearch(search), ...correctionsSearch(search) }),
  component: lazyRouteComponent(() => loaded(import('../corrections/Corrections.tsx')), 'Corrections'),
});

const plans = createRoute({
  getParentRoute: () => root,
  path: '/plans',
  validateSearch: (search: Record<string, unknown>) => ({ ...commonSearch(search), ...plansSearch(search) }),
  component: lazyRouteComponent(() => loaded(import('../plans/Plans.tsx')), 'Plans'),
});

const plan = createRoute({
  getParentRoute: () => root,
  path: '/plans/$plan',
  validateSearch: (search: Record<string, unknown>) => ({ ...commonSearch(search), ...planSearch(search) }),
  component: lazyRouteComponent(() => loaded(import('../plans/Plan.tsx')), 'Plan'),
});

const planEditor = createRoute({
  getParentRoute: () => root,
  path: '/plans/$plan/edit',
  component: lazyRouteComponent(() => loaded(import('../plans/PlanEditor.tsx')), 'PlanEditor'),
});

const quote = createRoute({
  getParentRoute: () => root,
  path: '/quote',
  component: lazyRouteComponent(() => loaded(import('../plans/Quote.tsx')), 'Quote'),
});

// Of customers alone, who have pages of their own in the frame.
const have = createRoute({ getParentRoute: () => root, path: '/have', component: NotFound });

const views = [
  overview,
  inventory,
  resource,
  unassigned,
  deployments,
  deployment,
  customers,
  customer,
  usage,
  rules,
  bills,
  bill,
  margin,
  drift,
  finding,
  declaration,
  gateway,
  provisioning,
  newDeployment,
  proposal,
  rollout,
  blueprint,
  jobs,
  job,
  accounts,
  account,
  settings,
  audit,
  invoices,
  invoice,
  corrections,
  plans,
  plan,
  planEditor,
  quote,
  have,
] as const;

export const router = createRouter({
  routeTree: root.addChildren([...views]),
  parseSearch,
  stringifySearch,
  defaultErrorComponent: Broken,
  defaultPreload: 'intent',
  scrollRestoration: true,
});

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}
