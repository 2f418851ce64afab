import { deploymentsModule } from './deployments/module.ts';
import { driftModule } from './drift/module.ts';
import { flowsModule } from './flows/module.ts';
import { gatewayModule } from './gateway/module.ts';
import { httpModule } from './http/module.ts';
import { inventoryModule } from './inventory/module.ts';
import { invoicesModule } from './invoices/module.ts';
import { jobsModule } from './jobs/module.ts';
import { meteringModule } from './metering/module.ts';
import type { Module } from './platform/declare/module.ts';
import { collectProgram, type Program } from './platform/declare/program.ts';
import { platformModule } from './platform/module.ts';
import { pricingModule } from './pricing/module.ts';
import { providerBillingModule } from './provider-billing/module.ts';
import { webhooksModule } from './webhooks/module.ts';
import { provisioningModule } from './provisioning/module.ts';

// The modules of this program, in the order of the API's reference. The command imports this and hands
// the program on; nothing else names what the modules declare.

export const modules: readonly Module[] = [
  inventoryModule,
  deploymentsModule,
  gatewayModule,
  meteringModule,
  pricingModule,
  invoicesModule,
  provisioningModule,
  providerBillingModule,
  driftModule,
  webhooksModule,
  jobsModule,
  flowsModule,
  httpModule,
  platformModule,
];

export const program: Program = collectProgram(modules);
