import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { inPeriod } from '../app/address.ts';
import { busyWord, useChange } from '../app/change.ts';
import { Sheet } from '../ui/Sheet.tsx';
import { Failed } from '../ui/States.tsx';
import ui from '../ui/ui.module.css';
import { AcceptUnmetered } from './AcceptUnmetered.tsx';
import { BlueprintField } from './BlueprintField.tsx';
import { givenOf, openOf, ParameterFields, parametersOf } from './ParameterFields.tsx';
import { type ChangeAsked, proposeChange, useBlueprint, useBlueprints } from './read.ts';
import { Refused } from './Refused.tsx';

interface ChangeSheetProps {
  readonly deployment: string;
  /** By which it was proposed last; null: by none. */
  readonly blueprint: string | null;
  /** The values of an earlier proposal; those that it was created with unless given. */
  readonly given?: Readonly<Record<string, string>>;
  readonly onClose: () => void;
}

/** What a deployment lacks of its blueprint, with other values of parameters, is proposed. */
export function ChangeSheet({ deployment, blueprint, given = {}, onClose }: ChangeSheetProps) {
  const navigate = useNavigate();
  const [chosen, setChosen] = useState(blueprint ?? '');
  const [values, setValues] = useState(openOf(given));
  const [isAccepted, setAccepted] = useState(false);
  const blueprints = useBlueprints({});
  const detail = useBlueprint(chosen, { enabled: chosen !== '' });
  const change = useChange({
    write: (body: ChangeAsked, headers) => proposeChange(deployment, body, headers),
    onDone: ({ hash }) => {
      onClose();
      void navigate({ to: '/proposals/$hash', params: { hash }, search: inPeriod({}) });
    },
  });
  const declared = detail.data === undefined ? [] : parametersOf(detail.data.document);
  const send = () =>
    change.send({
      ...(chosen === '' ? {} : { blueprint: chosen }),
      parameters: givenOf(values),
      acceptUnmetered: isAccepted,
    });
  const names = blueprints.data?.items.map((each) => each.blueprint) ?? [];
  return (
    <Sheet
      title={`Change ${deployment}`}
      onClose={onClose}
      action={
        <button
          type="button"
          className={`${ui.button} ${ui.primary}`}
          disabled={chosen === '' || change.state !== 'idle'}
          onClick={send}
        >
          {busyWord(change.state) ?? 'Propose'}
        </button>
      }
    >
      <p>
        The provider is asked for what there is, and what is lacking of the blueprint is proposed. Nothing is written to
        it, and nothing that is there is destroyed by a change.
      </p>
      <BlueprintField value={chosen} names={names} onChange={setChosen} />
      {blueprints.data?.items.length === 0 ? (
        <p>There is no blueprint yet: write one from this deployment under Provisioning, Blueprints.</p>
      ) : null}
      {detail.error === null ? null : <Failed problem={detail.error} onRetry={() => void detail.refetch()} />}
      <ParameterFields declared={declared} values={values} onChange={setValues} empty="unchanged unless given" />
      <AcceptUnmetered isAccepted={isAccepted} onChange={setAccepted} />
      {change.problem === null ? null : <Refused problem={change.problem} onRetry={send} />}
    </Sheet>
  );
}
