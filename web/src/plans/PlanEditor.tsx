import { useQuery, type UseQueryResult } from '@tanstack/react-query';
import { Link, useNavigate, useParams } from '@tanstack/react-router';
import { useState } from 'react';
import { Problem } from '../api/client.ts';
import { busyWord, type Change, useChange } from '../app/change.ts';
import { useQuiet } from '../app/quiet.ts';
import { useMe } from '../app/session.ts';
import styles from '../lists/lists.module.css';
import { Failed, States } from '../ui/States.tsx';
import ui from '../ui/ui.module.css';
import { readDraft, writeDraft } from './draft.ts';
import { Impact, impactWords } from './Impact.tsx';
import own from './plans.module.css';
import { applyFile, type PlanPreview, previewFile, readFile } from './read.ts';

/** What would other prices change, for whom, and in money? */
export function PlanEditor() {
  const { plan } = useParams({ from: '/plans/$plan/edit' });
  const { data: me } = useMe();
  const file = useQuery({
    queryKey: ['planFile', plan],
    queryFn: ({ signal }) => readFile(plan, signal),
    gcTime: 0,
    // What is being edited is not read again under the hand.
    refetchOnMount: false,
    staleTime: 'static',
  });
  return (
    <div className={styles.page}>
      <header>
        <p className={styles.crumb}>
          <Link to="/plans/$plan" params={{ plan }}>
            {plan}
          </Link>
        </p>
        <h1 tabIndex={-1}>New prices of {plan}</h1>
        <p className={ui.note}>
          Nothing is written before it is applied. Under another name in <code>plan:</code> it is a plan of its own.
        </p>
      </header>
      <States query={file} rows={16}>
        {(text) => <Editor plan={plan} file={text} subject={`${me?.subject ?? ''} ${me?.role ?? ''}`} />}
      </States>
    </div>
  );
}

interface EditorProps {
  readonly plan: string;
  readonly file: string;
  readonly subject: string;
}

function Editor({ plan, file, subject }: EditorProps) {
  const navigate = useNavigate();
  const [text, setText] = useState(() => readDraft(subject, plan) ?? file);
  const quiet = useQuiet(text);
  const isDraft = text !== file;
  const preview = useQuery({
    queryKey: ['planPreview', quiet],
    queryFn: ({ signal }) => previewFile(quiet, signal),
    gcTime: 0,
    retry: false,
  });
  const change = useChange({
    write: applyFile,
    onDone() {
      writeDraft(subject, plan, null);
      void navigate({ to: '/plans/$plan', params: { plan: preview.data?.changes[0]?.plan ?? plan } });
    },
  });
  const edit = (next: string) => {
    setText(next);
    writeDraft(subject, plan, next === file ? null : next);
  };
  const isSettled = text === quiet && !preview.isFetching;
  const problem = isSettled ? preview.error : null;
  const wrong = problem instanceof Problem ? linesOf(problem) : new Map<number, string>();
  return (
    <div className={own.sides}>
      <section className={own.editorSide} aria-label="Plan file">
        <Lines text={text} wrong={wrong} onChange={edit} />
        <div className={styles.tools}>
          {isDraft ? (
            <button type="button" className={ui.button} onClick={() => edit(file)}>
              Back to the prices of today
            </button>
          ) : null}
          <span className={ui.note} role="status">
            {isSettled ? '' : 'Looking what it changes'}
          </span>
        </div>
      </section>
      <Effects
        preview={preview}
        isSettled={isSettled}
        wrong={wrong}
        change={change}
        onApply={() => change.send({ text, expect: preview.data?.digest ?? '' })}
      />
    </div>
  );
}

interface EffectsProps {
  readonly preview: UseQueryResult<PlanPreview, Error>;
  /** Whether the preview is of what stands in the field. */
  readonly isSettled: boolean;
  readonly wrong: ReadonlyMap<number, string>;
  readonly change: Pick<Change<Parameters<typeof applyFile>[0], unknown>, 'state' | 'problem' | 'clear'>;
  readonly onApply: () => void;
}

/** What is wrong, or what it would change; and doing it. */
function Effects({ preview, isSettled, wrong, change, onApply }: EffectsProps) {
  const { data: me } = useMe();
  const problem = isSettled ? preview.error : null;
  const changes = preview.data?.changes ?? [];
  const isNothing = changes.every(({ status }) => status === 'unchanged');
  const mayApply = me?.may.includes('applyPlans') === true;
  return (
    <section className={own.effects} aria-label="What it changes">
      {problem === null ? null : wrong.size > 0 ? (
        <Problems wrong={wrong} />
      ) : (
        <Failed problem={problem} onRetry={() => void preview.refetch()} />
      )}
      {preview.data === undefined || problem !== null ? null : (
        <div data-settled={isSettled} className={own.settles}>
          {changes.map((each) => (
            <Impact key={each.plan} change={each} />
          ))}
        </div>
      )}
      {change.problem === null ? null : (
        <Failed
          isChange
          problem={change.problem}
          onRetry={() => {
            change.clear();
            void preview.refetch();
          }}
        />
      )}
      {isNothing && problem === null ? null : (
        <button
          type="button"
          className={`${ui.button} ${ui.primary} ${own.apply}`}
          disabled={!isSettled || problem !== null || !mayApply || isNothing || change.state !== 'idle'}
          onClick={onApply}
        >
          {busyWord(change.state) ?? (mayApply ? `Apply: ${impactWords(changes)}` : 'Applying needs finance')}
        </button>
      )}
    </section>
  );
}

/** What is wrong, by line. Line 0: no line is named. */
function linesOf({ errors }: Problem): ReadonlyMap<number, string> {
  return new Map(
    errors.map(({ pointer, detail }) => [parseInt(/^line (\d+)/.exec(pointer)?.[1] ?? '0', 10), detail] as const),
  );
}

function Problems({ wrong }: { readonly wrong: ReadonlyMap<number, string> }) {
  return (
    <div className={`${ui.block} ${ui.failed}`} role="alert">
      <p>
        <strong>{wrong.size === 1 ? '1 line is wrong.' : `${wrong.size} lines are wrong.`}</strong>
      </p>
      <ul>
        {[...wrong].map(([line, detail]) => (
          <li key={line}>
            {line === 0 ? '' : `Line ${line}: `}
            {detail}
          </li>
        ))}
      </ul>
    </div>
  );
}

interface LinesProps {
  readonly text: string;
  readonly wrong: ReadonlyMap<number, string>;
  readonly onChange: (text: string) => void;
}

/** A field of lines with their numbers; what is wrong is marked at its line. */
function Lines({ text, wrong, onChange }: LinesProps) {
  const count = text.split('\n').length;
  return (
    <div className={own.editor}>
      <ol className={own.numbers} aria-hidden="true">
        {Array.from({ length: count }, (_, at) => (
          <li key={at} data-wrong={wrong.has(at + 1)} title={wrong.get(at + 1)}>
            {at + 1}
          </li>
        ))}
      </ol>
      <textarea
        className={own.text}
        aria-label="Plan file, in YAML"
        aria-invalid={wrong.size > 0}
        value={text}
        rows={count + 1}
        wrap="off"
        spellCheck={false}
        autoComplete="off"
        autoCapitalize="off"
        onChange={({ target }) => onChange(target.value)}
      />
    </div>
  );
}
