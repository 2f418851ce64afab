import type { Operation } from '../platform/declare/operation.ts';
import { alertRoutes } from './alerts.routes.ts';
import { planRoutes } from './plans.routes.ts';
import { quoteRoutes } from './quotes.routes.ts';

export const pricingRoutes: readonly Operation[] = [...planRoutes, ...quoteRoutes, ...alertRoutes];
