import { useRef, useState } from 'react';
import { api, bodyOf, Problem } from '../api/client.ts';
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
const doneWords: Readonly<Record<Decision, string>> = { ack: 'acknowledged', ignore: 'ignored', reopen: 'reopened' };

function consequenceOf(decision: Decision, until: string): string {
  if (decision === 'ack') return 'Known as it is. It is open again where another value appears.';
  if (decision === 'reopen') return 'What was decided stays on record. From now on it counts again.';
  return `Left as it is, whatever its values, ${until === '' ? 'without end' : 'until the day that you give'}.`;
}

function doneText(decision: Decision, decided: number, gone: number): string {
  const rest = gone === 0 ? '' : `; ${gone} ${gone === 1 ? 'is' : 'are'} no longer there`;
  return `${decided} ${doneWords[decision]}${rest}.`;
}

interface DecideSheetProps {
  readonly decision: Decision;
  readonly findings: readonly Finding[];
  readonly onClose: () => void;
  /** With those that are settled, decided about or gone, and how many of each in words. */
  readonly onDone: (settled: ReadonlySet<string>, text: string) => void;
}

/** One after the other: each is decided once, however often it is sent, until somebody closes the sheet. */
function useDecisions(decision: Decision, onClose: DecideSheetProps['onClose'], onDone: DecideSheetProps['onDone']) {
  const settled = useRef({ decided: new Set<string>(), gone: new Set<string>(), isClosed: false });
  const say = () => {
    const { decided, gone } = settled.current;
    if (decided.size + gone.size > 0)
      onDone(new Set([...decided, ...gone]), doneText(decision, decided.size, gone.size));
  };
  const change = useChange({
    async write(said: Said, headers) {
      const { decided, gone } = settled.current;
      for (const one of said.findings) {
        if (settled.current.isClosed) break;
        if (decided.has(one.finding) || gone.has(one.finding)) continue;
        const isThere = await decideOne(decision, one, said, headers).then(
          () => true,
          (error: unknown) => {
            if (error instanceof Problem && error.status === 404) return false;
            throw error;
          },
        );
        (isThere ? decided : gone).add(one.finding);
      }
    },
    onDone() {
      say();
      if (!settled.current.isClosed) onClose();
    },
  });
  const close = () => {
    settled.current.isClosed = true;
    say();
    onClose();
  };
  return { change, close };
}

/** What is decided about one or about several, with the reason. */
export function DecideSheet({ decision, findings, onClose, onDone }: DecideSheetProps) {
  const [reason, setReason] = useState('');
  const [until, setUntil] = useState('');
  const { change, close } = useDecisions(decision, onClose, onDone);
  const said = { reason: reason.trim(), until, findings };
  const count = findings.length === 1 ? '' : ` ${findings.length}`;
  const isWhole = decision === 'reopen' || said.reason !== '';
  return (
    <Sheet
      title={`${titles[decision]}${findings.length === 1 ? `: ${findings[0] === undefined ? '' : titleOf(findings[0])}` : `${count} unexpected changes`}`}
      onClose={close}
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
      <p>{consequenceOf(decision, until)}</p>
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
