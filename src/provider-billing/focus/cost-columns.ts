import { type FocusColumn, focusColumns, focusDatasets, type FocusValue } from '../../invoices/index.ts';
import { billStates } from '../bill-state.store.ts';

// The cost side of FOCUS 1.4: what the provider charged, and who bears it. docs/focus.md says what each column holds.

/** A row of any dataset, by column. */
export type CostRow = Readonly<Record<string, FocusValue>>;

export const costDatasets = ['CostAndUsage', 'InvoiceDetail'] as const;
export type CostDataset = (typeof costDatasets)[number];

/** Without those that are our own, which are others on each side. */
function shared(all: readonly FocusColumn[]): readonly FocusColumn[] {
  return all.filter(({ name }) => !name.startsWith('x_'));
}

const text = (name: string, nullable = true): FocusColumn => ({ name, type: 'String', nullable });

const allocated: readonly FocusColumn[] = [
  { name: 'AllocatedMethodDetails', type: 'JSON', nullable: true },
  text('AllocatedMethodId'),
  text('AllocatedResourceId'),
  text('AllocatedResourceName'),
];

const ofLine: readonly FocusColumn[] = [
  { name: 'x_BillState', type: 'String', nullable: false, allowed: [...billStates] },
  { name: 'x_BillVersion', type: 'Decimal', nullable: false },
  text('x_Cause'),
  { name: 'x_Difference', type: 'Decimal', nullable: true },
  { name: 'x_ExpectedCost', type: 'Decimal', nullable: true },
  text('x_MatchRule'),
  {
    name: 'x_Outcome',
    type: 'String',
    nullable: false,
    allowed: ['matched', 'from_bill', 'allocated', 'unexplained', 'residual'],
  },
  text('x_ProjectName'),
];

/** In their order in a file. */
export const costColumns: Readonly<Record<CostDataset, readonly FocusColumn[]>> = {
  CostAndUsage: [
    ...allocated,
    ...shared(focusColumns),
    ...ofLine,
    text('x_CustomerId'),
    text('x_DeploymentId'),
    { name: 'x_Target', type: 'String', nullable: true, allowed: ['deployment', 'operator', 'not_cost'] },
  ],
  InvoiceDetail: [...shared(focusDatasets.InvoiceDetail), ...ofLine],
};
