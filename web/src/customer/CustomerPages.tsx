import { Link, useRouterState } from '@tanstack/react-router';
import ui from '../ui/ui.module.css';
import { Usage } from '../usage/Usage.tsx';
import { CustomerInvoice } from './CustomerInvoice.tsx';
import { CustomerInvoices } from './CustomerInvoices.tsx';
import { ThisMonth } from './ThisMonth.tsx';
import { WhatYouHave } from './WhatYouHave.tsx';

/** What a customer sees, and nothing else: the addresses are those of our own people's views where they are of the same. */
export default function CustomerPages() {
  const path = useRouterState({ select: ({ location }) => location.pathname });
  const [, first = '', second, ...more] = path.split('/');
  if (more.length === 0) {
    if (first === '' && second === undefined) return <ThisMonth />;
    if (first === 'have' && second === undefined) return <WhatYouHave />;
    if (first === 'usage' && second === undefined) return <Usage />;
    if (first === 'invoices' && (second === undefined || second === '')) return <CustomerInvoices />;
    if (first === 'invoices' && second !== undefined) return <CustomerInvoice invoice={decodeURIComponent(second)} />;
  }
  return (
    <div className={ui.block}>
      <h1 tabIndex={-1}>Nothing is here</h1>
      <p>This address names no page of yours.</p>
      <Link to="/" className={ui.link}>
        To this month
      </Link>
    </div>
  );
}
