import type { Business } from './business.ts';

// The files that the operator hands in.

export function rulesFile({ deployments }: Business): string {
  const rules = deployments.flatMap(({ slug, by }) => (by === 'name' ? [{ name: `${slug}-*`, deployment: slug }] : []));
  return JSON.stringify({ rules });
}

/** @param projects the provider's ids of projects, by deployment */
export function customersFile({ deployments }: Business, projects: ReadonlyMap<string, string>): string {
  const header =
    'customer_external_id,customer_name,currency,deployment_slug,deployment_name,starts_at,project_id,plan';
  const rows = deployments.map(({ slug, customer, startsOn, plan }) =>
    [customer.id, customer.name, customer.currency, slug, slug, startsOn, projects.get(slug) ?? '', plan].join(','),
  );
  return [header, ...rows, ''].join('\n');
}

export function billingFile({ customers }: Business): string {
  const header = 'customer_external_id,entity,address,tax_treatment,tax_note,tax_ids,terms_days';
  const rows = customers.map(({ id, seller, treatment }, index) => {
    const note = treatment === 'exempt' ? 'Exempt: charity no. 1234' : '';
    return [id, seller, `"${index + 1} Wood Lane\nBristol"`, treatment, note, `VAT XX${1000 + index}`, '30'].join(',');
  });
  return [header, ...rows, ''].join('\n');
}
