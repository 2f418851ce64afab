/**
 * Whether a plan would bill a customer in another currency than until now, which nobody has said is meant.
 * @param before what is billed in: the plan's until then, else the customer's; undefined: nothing yet
 * @param named the currency that whoever decides has named
 */
export function changesCurrency(before: string | undefined, planCurrency: string, named?: string): boolean {
  return before !== undefined && before !== planCurrency && named !== planCurrency;
}
