import type { ReactNode } from 'react';
import { busyWord, type Change } from '../app/change.ts';
import { Sheet } from '../ui/Sheet.tsx';
import sheet from '../ui/sheet.module.css';
import { Failed } from '../ui/States.tsx';
import ui from '../ui/ui.module.css';

interface FormSheetProps<Body, Answer> {
  readonly title: string;
  readonly onClose: () => void;
  readonly change: Change<Body, Answer>;
  /** What is sent; null: something is missing. */
  readonly body: Body | null;
  /** What the button does, in words. */
  readonly verb: string;
  readonly children: ReactNode;
}

/** A sheet that sends what its fields say. */
export function FormSheet<Body, Answer>({
  title,
  onClose,
  change,
  body,
  verb,
  children,
}: FormSheetProps<Body, Answer>) {
  const send = () => {
    if (body !== null) change.send(body);
  };
  return (
    <Sheet
      title={title}
      onClose={onClose}
      action={
        <button
          type="button"
          className={`${ui.button} ${ui.primary}`}
          disabled={body === null || change.state !== 'idle'}
          onClick={send}
        >
          {busyWord(change.state) ?? verb}
        </button>
      }
    >
      {children}
      {change.problem === null ? null : <Failed isChange problem={change.problem} onRetry={send} />}
    </Sheet>
  );
}

interface ChoiceProps<Value extends string> {
  readonly label: string;
  readonly value: Value;
  readonly values: readonly (readonly [Value, string])[];
  readonly onChange: (value: Value) => void;
}

/** One of a few. */
export function Choice<Value extends string>({ label, value, values, onChange }: ChoiceProps<Value>) {
  return (
    <label className={sheet.label}>
      {label}
      <select
        className={sheet.input}
        value={value}
        onChange={({ target }) => onChange(values.find(([each]) => each === target.value)?.[0] ?? value)}
      >
        {values.map(([each, text]) => (
          <option key={each} value={each}>
            {text}
          </option>
        ))}
      </select>
    </label>
  );
}

/** A whole number, or null for what is none. */
export function wholeOf(text: string): number | null {
  return /^\d{1,6}$/.test(text) ? parseInt(text, 10) : null;
}

/** Lines of a field of several. */
export function linesOf(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
}
