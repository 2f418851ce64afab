import { useState } from 'react';
import { api, bodyOf } from '../api/client.ts';
import { busyWord, useChange } from '../app/change.ts';
import { Field, Sheet } from '../ui/Sheet.tsx';
import sheet from '../ui/sheet.module.css';
import { Failed } from '../ui/States.tsx';
import ui from '../ui/ui.module.css';
import { Monthly } from './Parts.tsx';
import type { Finding } from './read.ts';
import { ruleText, titleOf } from './words.ts';

export type Decision = 'ack' | 'ignore' | 'reopen';

interface Said {
  readonly reason: string;
  /** The first day on which it counts again; empty: without end. */
  readonly until: string;
  readonly findings: readonly Finding[];
}

type Headers = Readonly<Record<string, string>>;

async function decideOne(decision: Decision, { finding }: Finding, { reason, until }: Said, headers: Headers) {
  const given = {
    params: { path: { finding } },
    headers: { ...headers, 'idempotency-key': `${headers['idempotency-key'] ?? ''}-${finding}` },
  };
  if (decision === 'ack') return bodyOf(api.POST('/drift/{finding}/ack', { ...given, body: { reason } }));
  if (decision === 'reopen')
    return bodyOf(api.POST('/drift/{finding}/reopen', { ...given, body: reason === '' ? {} : { reason } }));
  const end = until === '' ? {} : { until: `${until}T00:00:00Z` };
  return bodyOf(api.POST('/drift/{finding}/ignore', { ...given, body: { reason, ...end } }));
}

const titles: Readonly<Record<Decision, string>> = { ack: 'Acknowledge', ignore: 'Ignore', reopen: 'Reopen' };
const consequences: Readonly<Record<Decision, string>> = {
  ack: 'Known as it is. It is open again where another value appears.',
  ignore: 'Left as it is, whatever its values, until the day that you give.',
  reopen: 'What was decided stays on record. From now on it counts again.',
};

interface DecideSheetProps {
  readonly decision: Decision;
  readonly findings: readonly Finding[];
  readonly onClose: () => void;
  readonly onDone: () => void;
}

/** What is decided about one or about several, with the reason. */
export function DecideSheet({ decision, findings, onClose, onDone }: DecideSheetProps) {
  const [reason, setReason] = useState('');
  const [until, setUntil] = useState('');
  const change = useChange({
    async write(said: Said, headers) {
      // One after the other: each is decided once, however often it is sent.
      for (const finding of said.findings) await decideOne(decision, finding, said, headers);
      return said.findings.length;
    },
    onDone() {
      onDone();
      onClose();
    },
  });
  const said = { reason: reason.trim(), until, findings };
  const count = findings.length === 1 ? '' : ` ${findings.length}`;
  const isWhole = decision === 'reopen' || said.reason !== '';
  return (
    <Sheet
      title={`${titles[decision]}${findings.length === 1 ? `: ${findings[0] === undefined ? '' : titleOf(findings[0])}` : `${count} unexpected changes`}`}
      onClose={onClose}
      action={
        <button
          type="button"
          className={`${ui.button} ${ui.primary}`}
          disabled={!isWhole || change.state !== 'idle'}
          onClick={() => change.send(said)}
        >
          {busyWord(change.state) ?? `${titles[decision]}${count}`}
        </button>
      }
    >
      <p>{consequences[decision]}</p>
      <ul className={sheet.exceptions}>
        {findings.map((one) => (
          <li key={one.finding}>
            <span className={sheet.between}>
              <span>{titleOf(one)}</span>
              <span>
                <Monthly amount={one.monthly} currency={one.currency} /> <span className={ui.note}>a month</span>
              </span>
            </span>
            <span className={ui.note}>{ruleText(one.rule)}</span>
          </li>
        ))}
      </ul>
      <Field
        label={decision === 'reopen' ? 'Why (optional)' : 'Why, for the record'}
        value={reason}
        onChange={setReason}
        rows={3}
      />
      {decision === 'ignore' ? (
        <Field label="Until (UTC day; empty: without end)" type="date" value={until} onChange={setUntil} />
      ) : null}
      {change.problem === null ? null : <Failed isChange problem={change.problem} onRetry={() => change.send(said)} />}
    </Sheet>
  );
}
