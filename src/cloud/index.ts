/** What other modules may import of cloud; everything else in this folder is its own. */

export type {
  BillHeader,
  BillingSource,
  BillItem,
  BillList,
  ProviderBalance,
} from './billing-source.ts';
// What the provider's tools say of a resource is read by what reads its own answers, so that both compare equal.
export * as canonical from './digitalocean/settings/canonical.ts';
export { aclSettings, readPolicySettings, readRecordSettings } from './digitalocean/settings/details.ts';
export { settingsOf } from './digitalocean/settings/settings.ts';
export { formatUrn, parseUrn } from './digitalocean/urn.ts';
export { openStoredFile } from './open-stored-file.ts';
export { isBuiltInSimulator, openProvider, openProvisioner, withJournal } from './open.ts';
export type {
  Act,
  ActionState,
  Effect,
  Found,
  Look,
  MadeKind,
  Markers,
  Provisioner,
  SendWindow,
  Sent,
  Specs,
} from './provisioner.ts';
export { replaceMembers } from './replace-members.ts';
export {
  type Absence,
  type Attributes,
  type Credentials,
  type DetailedKind,
  type ListedMembership,
  type ListedResource,
  type ListingEnd,
  type ListingEvent,
  type ListingProblem,
  type Provider,
  type ProviderAction,
  type ProviderIdentity,
  type ProviderOffer,
  type ProviderOptions,
  type ProviderSize,
  type RequestBudget,
  type ResourceKind,
  type ScopeReport,
  type SyncPass,
  projectSetting,
  resourceKinds,
  syncPassOf,
} from './provider.ts';
