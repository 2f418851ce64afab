/** What other modules may import of deployments; everything else in this folder is its own. */

export { assign, unassign } from './assignments.ts';
export {
  type UnattributedPage,
  bringAttributionsUpToDate,
  unattributedResources,
} from './attribution.ts';
export { unassignedMoney } from './unassigned-money.ts';
export {
  changeCustomer,
  createCustomer,
  findCustomer,
  findCustomerId,
  findCustomers,
  getCustomer,
  listCustomers,
} from './customers.ts';
export {
  assertOwnDeployment,
  createDeployment,
  type Deployment,
  findDeployment,
  listDeployments,
  setDeploymentEnd,
  writeDeployment,
} from './deployments.ts';
export {
  type CustomerFile,
  type ImportProblem,
  type ImportRow,
  describeProblem,
  importBytesMax,
  importRowsMax,
  partsOf,
  problemsMax,
} from './customer-rows.ts';
export {
  type ImportCounts,
  type ImportDifference,
  type WrittenCustomers,
  checkCustomers,
  readCustomerFile,
  writeCustomers,
} from './import.ts';
export { attributeJob } from './jobs.ts';
export { expectsOwner, ownersOfResource } from './fleet.ts';
export { declaredRule } from './declared-rules.ts';
export { followUp } from './operations/follow-up.ts';
export { expect as expectPreview, movedOut } from './operations/moved.ts';
export { ruleAnswer, ruleCounts, ruleOut, rulesBody, rulesFileOf } from './operations/rule-schemas.ts';
export {
  changeAfterLook,
  type MovedOwnership,
  previewing,
  previewingLive,
  type StagedMove,
  stageMove,
} from './preview.ts';
export {
  applyRules,
  endRule,
  listRules,
  type Rule,
  type RuleChanges,
  writeDeclaredRules,
  writeRuleEnd,
} from './rules.ts';
export type { RuleCounts } from './rules/store.ts';
export { externalId } from './schemas.ts';
export { searchCustomers, searchDeployments, searchRules } from './search.store.ts';
export { customerAnswer, customerOut, getCustomer as showCustomer } from './operations/customers.ts';
