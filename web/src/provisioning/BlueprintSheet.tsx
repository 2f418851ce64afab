import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { inPeriod } from '../app/address.ts';
import { busyWord, useChange } from '../app/change.ts';
import { useMe } from '../app/session.ts';
import { Sheet } from '../ui/Sheet.tsx';
import sheet from '../ui/sheet.module.css';
import { Failed } from '../ui/States.tsx';
import ui from '../ui/ui.module.css';
import { DeploymentField, useDeploymentChoice } from '../unassigned/AssignSheet.tsx';
import own from './provisioning.module.css';
import { applyBlueprint, writeFrom } from './read.ts';
import { Refused } from './Refused.tsx';

interface BlueprintSheetProps {
  /** It is written of what a deployment has; else the person brings it. */
  readonly isFrom: boolean;
  /** The deployment that is asked for first. */
  readonly deployment?: string;
  readonly onClose: () => void;
}

/** A blueprint as text: written of what a deployment has or brought along, looked at, and applied. */
export function BlueprintSheet({ isFrom, deployment: suggested = '', onClose }: BlueprintSheetProps) {
  const navigate = useNavigate();
  const { data: me } = useMe();
  const [name, setName] = useState(suggested);
  const [text, setText] = useState('');
  const choice = useDeploymentChoice(name, suggested, isFrom);
  const write = useChange({
    write: (of: string, headers) => writeFrom(of, headers),
    onDone: (written) => setText(written.text),
  });
  const apply = useChange({
    write: (file: string, headers) => applyBlueprint(file, headers),
    onDone: ({ blueprint }) =>
      void navigate({ to: '/blueprints/$blueprint', params: { blueprint }, search: inPeriod({}) }),
  });
  const isWritten = !isFrom || write.answer !== null;
  const may = me?.may.includes('applyBlueprint') === true;
  return (
    <Sheet
      title={isFrom ? 'Write a blueprint from a deployment' : 'Apply a blueprint'}
      onClose={onClose}
      action={
        isWritten ? (
          <button
            type="button"
            className={`${ui.button} ${ui.primary}`}
            disabled={!may || text.trim() === '' || apply.state !== 'idle'}
            title={may ? undefined : 'Needs operator'}
            onClick={() => apply.send(text)}
          >
            {busyWord(apply.state) ?? 'Apply'}
          </button>
        ) : (
          <button
            type="button"
            className={`${ui.button} ${ui.primary}`}
            disabled={choice.deployment === '' || write.state !== 'idle'}
            onClick={() => write.send(choice.deployment)}
          >
            {busyWord(write.state) ?? 'Write it'}
          </button>
        )
      }
    >
      {isFrom ? (
        <>
          <p>The provider is asked for what the deployment has. Nothing is written to it.</p>
          <DeploymentField choice={choice} onChange={setName} />
        </>
      ) : (
        <p>A blueprint that says something else than its newest version is a new version. It creates nothing.</p>
      )}
      {write.problem === null ? null : (
        <Failed isChange problem={write.problem} onRetry={() => write.send(choice.deployment)} />
      )}
      <LeftOut all={write.answer?.leftOut ?? []} />
      {isWritten ? <File text={text} onChange={setText} /> : null}
      {apply.problem === null ? null : <Refused problem={apply.problem} onRetry={() => apply.send(text)} />}
    </Sheet>
  );
}

/** What the deployment has and a blueprint cannot say. */
function LeftOut({ all }: { readonly all: readonly string[] }) {
  if (all.length === 0) return null;
  return (
    <div>
      <p>Not in it:</p>
      <ul className={own.list}>
        {all.map((each) => (
          <li key={each}>{each}</li>
        ))}
      </ul>
    </div>
  );
}

interface FileProps {
  readonly text: string;
  readonly onChange: (text: string) => void;
}

function File({ text, onChange }: FileProps) {
  return (
    <label className={sheet.label}>
      The blueprint, in YAML
      <textarea
        className={`${sheet.input} ${own.editor}`}
        rows={20}
        value={text}
        spellCheck={false}
        onChange={({ target }) => onChange(target.value)}
      />
    </label>
  );
}
