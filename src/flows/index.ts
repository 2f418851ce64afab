/** What other modules may import of flows; everything else in this folder is its own. */

export type { FlowContext } from './context.ts';
export type { Demonstration, DemonstrationRequest } from './demonstration.ts';
export type { OverviewRow } from './overview.ts';
export { readOverview } from './overview.ts';
export { showOverview } from './operations/overview.ts';
export { demonstrate } from './demonstration.ts';
export { pilotDemonstration } from './demonstration.ts';
export { agencyDemonstration } from './demonstration.ts';
export { fleetAddress } from './demonstrated-account.ts';
export { keepClockGoing } from './living-clock.ts';
export { bringUpToDate } from './bring-up-to-date.ts';
export { monthFiguresOut, ok, readMonthFigures, section } from './month-figures.ts';
