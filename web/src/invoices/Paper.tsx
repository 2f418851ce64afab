import type { Schemas } from '../api/client.ts';
import { Figure } from '../ui/Figure.tsx';
import { isZero } from '../ui/decimal.ts';
import ui from '../ui/ui.module.css';
import own from './invoices.module.css';

type Printed = Schemas['PrintedInvoice'];
type Section = Printed['sections'][number];
type Line = Section['lines'][number];

interface PaperProps {
  readonly printed: Printed;
  /** By which lines are opened. */
  readonly invoice: string;
}

/** A document as it is printed: the texts of the PDF, each amount open to where it comes from. */
export function Paper({ printed, invoice }: PaperProps) {
  const { title, facts, from, to, settlement, credit, sections, totals, notes, amountTitle } = printed;
  return (
    <article className={own.paper} aria-label="As it is printed">
      <h2>{title}</h2>
      <dl className={own.facts}>
        {facts.map(({ label, value }) => (
          <div key={label} style={{ display: 'contents' }}>
            <dt>{label}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      <div className={own.parties}>
        <Party title="From" party={from} />
        <Party title="Bill to" party={to} />
      </div>
      <div>
        <p className={own.settlement}>{settlement}</p>
        {credit === null ? null : <p className={ui.note}>{credit}</p>}
      </div>
      {sections.map((section) => (
        <Lines key={section.title} section={section} amountTitle={amountTitle} invoice={invoice} />
      ))}
      <table className={own.totals}>
        <tbody>
          {totals.map(({ label, amount }) => (
            <tr key={label}>
              <th scope="row">{label}</th>
              <td>{amount}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {notes.map((note) => (
        <p key={note} className={ui.note}>
          {note}
        </p>
      ))}
    </article>
  );
}

function Party({ title, party: { name, lines } }: { readonly title: string; readonly party: Printed['from'] }) {
  return (
    <section>
      <h3>{title}</h3>
      <p>
        <strong>{name}</strong>
      </p>
      {lines.map((line) => (
        <p key={line}>{line}</p>
      ))}
    </section>
  );
}

interface LinesProps {
  readonly section: Section;
  readonly amountTitle: string;
  readonly invoice: string;
}

/** Lines that cost nothing are folded away, with what they are for. */
function Lines({ section: { title, lines, subtotal }, amountTitle, invoice }: LinesProps) {
  const isFree = ({ kind, amount }: Line) => kind === 'usage' && isZero(amount);
  const free = lines.filter(isFree);
  const rows = (some: readonly Line[]) =>
    some.map((line) => <LineRow key={line.position} line={line} invoice={invoice} />);
  return (
    <section>
      <h3>{title}</h3>
      <table className={own.lines}>
        <thead>
          <tr>
            <th scope="col">Description</th>
            <th scope="col">Quantity</th>
            <th scope="col">Unit price</th>
            <th scope="col">{amountTitle}</th>
          </tr>
        </thead>
        <tbody>{rows(lines.filter((line) => !isFree(line)))}</tbody>
        {subtotal === null ? null : (
          <tfoot>
            <tr>
              <th scope="row" colSpan={3}>
                Subtotal
              </th>
              <td>{subtotal}</td>
            </tr>
          </tfoot>
        )}
      </table>
      {free.length === 0 ? null : (
        <details>
          <summary className={ui.note}>
            {free.length === 1 ? '1 line' : `${free.length} lines`} within allowance, {free[0]?.amount}
          </summary>
          <table className={own.lines}>
            <thead className="visually-hidden">
              <tr>
                <th scope="col">Description</th>
                <th scope="col">Quantity</th>
                <th scope="col">Unit price</th>
                <th scope="col">{amountTitle}</th>
              </tr>
            </thead>
            <tbody>{rows(free)}</tbody>
          </table>
        </details>
      )}
    </section>
  );
}

function LineRow({ line, invoice }: { readonly line: Line; readonly invoice: string }) {
  const { position, description, remark, quantity, unitPrice, amount } = line;
  return (
    <tr data-row="">
      <td>
        {description}
        {remark === '' ? null : <p className={ui.note}>{remark}</p>}
      </td>
      <td>{quantity}</td>
      <td>{unitPrice}</td>
      <td>
        <Figure why={`line:${invoice}/${position}`}>{amount}</Figure>
      </td>
    </tr>
  );
}
