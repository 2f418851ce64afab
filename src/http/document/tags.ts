/** The headings of the reference, in its order: what the words mean that its operations are about. */
export const tags: readonly { readonly name: string; readonly description: string }[] = [
  { name: 'accounts', description: 'Credentials for provider accounts, and what was read with them when.' },
  {
    name: 'resources',
    description: 'What the provider lists, and what each was over time: how we know it, since when.',
  },
  { name: 'customers', description: 'Who pays. A customer has deployments, and never loses one to another customer.' },
  { name: 'deployments', description: "Customers' running systems: what usage belongs to, and what they own." },
  {
    name: 'rules',
    description: 'Which resources belong to whom: dated rules, tried in order, and assignments by hand.',
  },
  {
    name: 'usage',
    description: 'What deployments used, per billing kind and day; what of it is final, and how it is metered.',
  },
  { name: 'plans', description: 'Price lists, who is on which of them since when, and what given usage costs.' },
  { name: 'billing', description: 'Who bills, at which tax, and how a customer is billed, over time.' },
  { name: 'invoices', description: 'What a customer owes for a month: drafted, approved, issued, frozen.' },
  {
    name: 'provider billing',
    description: 'What the provider charged us, and whether it agrees with what we metered.',
  },
  { name: 'drift', description: 'Differences between what is declared and what the provider shows.' },
  { name: 'jobs', description: 'The work that runs itself: jobs, queues and the schedule.' },
  { name: 'events', description: 'What changed, as it changes.' },
  { name: 'audit', description: 'Who decided what, when and from where: a log that nobody can rewrite unseen.' },
];
