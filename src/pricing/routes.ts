import type { RouteDeclaration } from '../platform/declare/route.ts';
import { alertRoutes } from './alerts.routes.ts';
import { planRoutes } from './plans.routes.ts';
import { quoteRoutes } from './quotes.routes.ts';

export const pricingRoutes: readonly RouteDeclaration[] = [...planRoutes, ...quoteRoutes, ...alertRoutes];
