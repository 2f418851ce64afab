import { deploymentsRoutes } from '../../deployments/routes.ts';
import { inventoryRoutes } from '../../inventory/routes.ts';
import { billingRoutes } from '../../invoices/billing.routes.ts';
import { exportRoutes } from '../../invoices/focus/routes.ts';
import { invoiceRoutes } from '../../invoices/routes.ts';
import { inventory } from '../../jobs/registry.ts';
import { jobsRoutes } from '../../jobs/routes.ts';
import { meteringRoutes } from '../../metering/routes.ts';
import type { Operation } from '../../platform/declare/operation.ts';
import { gapRoutes } from '../../pricing/gaps.routes.ts';
import { pricingRoutes } from '../../pricing/routes.ts';
import { auditRoutes } from '../audit.routes.ts';
import { eventRoutes } from '../events/events.routes.ts';
import { importRoutes } from '../import.routes.ts';

/** Every route of the API: what is not here is not served. A room declares its own. */
export const routes: readonly Operation[] = [
  ...inventoryRoutes(inventory),
  ...deploymentsRoutes,
  ...importRoutes,
  ...meteringRoutes,
  ...gapRoutes,
  ...pricingRoutes,
  ...billingRoutes,
  ...invoiceRoutes,
  ...exportRoutes,
  ...jobsRoutes,
  ...eventRoutes,
  ...auditRoutes,
];
