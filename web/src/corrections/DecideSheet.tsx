import { useState } from 'react';
import { api, bodyOf } from '../api/client.ts';
import { busyWord, useChange } from '../app/change.ts';
import { isNegative, money } from '../ui/decimal.ts';
import { Field, Sheet } from '../ui/Sheet.tsx';
import sheet from '../ui/sheet.module.css';
import { Failed } from '../ui/States.tsx';
import { month as monthName } from '../ui/time.ts';
import ui from '../ui/ui.module.css';
import { type Correction, keyOf, wordsOf } from './correction.ts';

type Decision = 'invoice' | 'credit_note' | 'waive';

const decisions: readonly (readonly [Decision, string, string])[] = [
  [
    'invoice',
    'On the next invoice',
    'A line of the next draft; it is undone by deciding otherwise before that is issued.',
  ],
  [
    'credit_note',
    'Credit notes now',
    'Issued at once, one of each invoice that charged it. For what is given back alone.',
  ],
  ['waive', 'Waive', 'Nothing is billed or given back for exactly these amounts.'],
];

interface Asked {
  readonly decision: Decision;
  readonly reason: string;
  readonly corrections: readonly Correction[];
}

interface Outcome {
  readonly correction: Correction;
  readonly text: string;
  readonly isRefused: boolean;
}

type Headers = Readonly<Record<string, string>>;

async function decideOne(correction: Correction, { decision, reason }: Asked, headers: Headers): Promise<string> {
  const { deployment, month, currency, amount } = correction;
  const of = { deployment, month, currency, expectedAmount: amount };
  const { month: on, creditNotes = [] } = await bodyOf(
    api.POST('/corrections/decide', {
      headers: {
        ...headers,
        'idempotency-key': `${headers['idempotency-key'] ?? ''}-${keyOf(correction).replaceAll(' ', '-')}`,
      },
      body: decision === 'waive' ? { decision, reason, ...of } : { decision, ...of },
    }),
  );
  if (decision === 'waive') return 'Waived.';
  if (decision === 'credit_note') return `Credited by ${creditNotes.map(({ number }) => number).join(', ')}.`;
  return on == null ? 'Taken off a draft.' : `Comes on the invoice of ${monthName(on)}.`;
}

/** One after the other: what is refused stops no other, an answer that is lost stops them all and is asked again. */
async function decideAll(asked: Asked, headers: Headers): Promise<readonly Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const correction of asked.corrections) {
    try {
      outcomes.push({ correction, text: await decideOne(correction, asked, headers), isRefused: false });
    } catch (error) {
      const isRefusal = error instanceof Error && 'status' in error && (error.status === 409 || error.status === 404);
      if (!isRefusal || ('code' in error && error.code === 'idempotency_key_in_use')) throw error;
      outcomes.push({ correction, text: error.message, isRefused: true });
    }
  }
  return outcomes;
}

interface DecideSheetProps {
  readonly corrections: readonly Correction[];
  readonly onClose: () => void;
}

/** What becomes of one correction or of many, each at the amount that is shown. */
export function DecideSheet({ corrections, onClose }: DecideSheetProps) {
  const [decision, setDecision] = useState<Decision>('invoice');
  const [reason, setReason] = useState('');
  const change = useChange({ write: decideAll });
  const count = corrections.length === 1 ? '1 correction' : `${corrections.length} corrections`;
  const charges = corrections.filter(({ amount }) => !isNegative(amount));
  const isSure = decision !== 'waive' || reason.trim() !== '';
  const send = () => change.send({ decision, reason: reason.trim(), corrections });
  const label = decisions.find(([each]) => each === decision)?.[1] ?? '';
  return (
    <Sheet
      title={`Decide ${count}`}
      onClose={onClose}
      action={
        change.answer !== null ? null : (
          <button
            type="button"
            className={`${ui.button} ${ui.primary}`}
            disabled={!isSure || change.state !== 'idle'}
            onClick={send}
          >
            {busyWord(change.state) ?? `${label}: ${count}`}
          </button>
        )
      }
    >
      {change.answer === null ? (
        <>
          <Choices decision={decision} count={corrections.length} onChange={setDecision} />
          {decision === 'waive' ? <Field label="Why, for the record" value={reason} onChange={setReason} /> : null}
          {decision === 'credit_note' && charges.length > 0 ? (
            <p className={ui.note}>
              {charges.length} of them bill more, and will be refused: a credit note gives back.
            </p>
          ) : null}
          <Chosen corrections={corrections} />
          {change.problem === null ? null : <Failed isChange problem={change.problem} onRetry={send} />}
        </>
      ) : (
        <Outcomes outcomes={change.answer} />
      )}
    </Sheet>
  );
}

interface ChoicesProps {
  readonly decision: Decision;
  readonly count: number;
  readonly onChange: (decision: Decision) => void;
}

function Choices({ decision, count, onChange }: ChoicesProps) {
  return (
    <fieldset className={sheet.choices}>
      <legend className={ui.note}>What becomes of {count === 1 ? 'it' : 'them'}</legend>
      {decisions.map(([each, name, text]) => (
        <label key={each} className={sheet.check}>
          <input
            type="radio"
            name="decision"
            value={each}
            checked={decision === each}
            onChange={() => onChange(each)}
          />
          <span>
            {name} <span className={ui.note}>{text}</span>
          </span>
        </label>
      ))}
    </fieldset>
  );
}

function Chosen({ corrections }: { readonly corrections: readonly Correction[] }) {
  return (
    <ul className={sheet.exceptions}>
      {corrections.map((correction) => (
        <li key={keyOf(correction)}>
          <span className={sheet.between}>
            <span>
              {correction.deployment}, {monthName(correction.month)}
            </span>
            <span>
              {money(correction.amount)} <span className={ui.unit}>{correction.currency}</span>
            </span>
          </span>
          <span className={ui.note}>{wordsOf(correction)}</span>
        </li>
      ))}
    </ul>
  );
}

function Outcomes({ outcomes }: { readonly outcomes: readonly Outcome[] }) {
  return (
    <ul className={sheet.exceptions} role="status">
      {outcomes.map(({ correction, text, isRefused }) => (
        <li key={keyOf(correction)}>
          <span>
            {correction.deployment}, {monthName(correction.month)}: {money(correction.amount)} {correction.currency}
          </span>
          <span className={ui.note}>
            {isRefused ? 'Refused: ' : ''}
            {text}
          </span>
        </li>
      ))}
    </ul>
  );
}
