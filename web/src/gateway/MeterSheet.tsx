import { useState } from 'react';
import { busyWord, useChange } from '../app/change.ts';
import styles from '../lists/lists.module.css';
import { grouped, quantity } from '../ui/decimal.ts';
import { Act } from '../ui/Act.tsx';
import { Field, Sheet } from '../ui/Sheet.tsx';
import sheet from '../ui/sheet.module.css';
import { Failed } from '../ui/States.tsx';
import ui from '../ui/ui.module.css';
import { applyMeter, type MeterForm, type MeterPreview, previewMeter } from './read.ts';

const aggregations = ['sum', 'count', 'max', 'unique', 'gauge'];

const fields: readonly (readonly [keyof MeterForm, string])[] = [
  ['meter', 'Name, such as gateway_requests'],
  ['title', 'Title, as invoices name it'],
  ['unit', 'Unit, such as request'],
  ['type', 'Type of event; * for any part'],
  ['value', 'Where the value is, such as /requests'],
  ['key', 'Of unique: where the key is, such as /user'],
  ['divisor', 'How much of the value makes one unit; 1 unless given'],
];

interface MeterSheetProps {
  readonly initial: MeterForm;
  readonly onClose: () => void;
}

/** A form, what it would have counted as it was when it was previewed, and its two steps. */
function usePreview(initial: MeterForm, onClose: () => void) {
  const [form, setForm] = useState(initial);
  // Of the form as it was previewed: what is applied is what was seen.
  const [seen, setSeen] = useState<{ readonly form: MeterForm; readonly preview: MeterPreview } | null>(null);
  const preview = useChange({
    write: (asked: MeterForm) => previewMeter(asked),
    onDone: (found, asked) => setSeen({ form: asked, preview: found }),
  });
  const apply = useChange({ write: (asked: MeterForm, headers) => applyMeter(asked, headers), onDone: onClose });
  const set = (name: keyof MeterForm, value: string) => {
    setForm({ ...form, [name]: value });
    setSeen(null);
  };
  return { form, set, seen, preview, apply };
}

/** What a meter would have counted in the last seven days, before it counts anything. */
export function MeterSheet({ initial, onClose }: MeterSheetProps) {
  const { form, set, seen, preview, apply } = usePreview(initial, onClose);
  const problem = preview.problem ?? apply.problem;
  const isBusy = preview.state !== 'idle' || apply.state !== 'idle';
  const previewing = (
    <button type="button" className={`${ui.button} ${ui.primary}`} disabled={isBusy} onClick={() => preview.send(form)}>
      {busyWord(preview.state) ?? 'Preview'}
    </button>
  );
  const applying = (asked: MeterForm) => (
    <Act operation="applyGatewayMeters" needs="operator" isPrimary isBusy={isBusy} onAct={() => apply.send(asked)}>
      {busyWord(apply.state) ?? 'Apply'}
    </Act>
  );
  const retry = () => {
    preview.clear();
    apply.clear();
  };
  return (
    <Sheet title="Preview a meter" onClose={onClose} action={seen === null ? previewing : applying(seen.form)}>
      <label className={sheet.label}>
        How it adds up
        <select
          className={sheet.input}
          value={form.aggregation}
          onChange={({ target }) => set('aggregation', target.value)}
        >
          {aggregations.map((each) => (
            <option key={each}>{each}</option>
          ))}
        </select>
      </label>
      {fields.map(([name, label]) => (
        <Field key={name} label={label} value={form[name]} onChange={(value) => set(name, value)} />
      ))}
      <Field
        label="From which day; today unless given"
        type="date"
        value={form.from}
        onChange={(value) => set('from', value)}
      />
      {seen === null ? null : <Counted preview={seen.preview} />}
      {problem === null ? null : <Failed isChange problem={problem} onRetry={retry} />}
    </Sheet>
  );
}

function Counted({ preview: { events, subjects, value, dead, changed } }: { readonly preview: MeterPreview }) {
  return (
    <section aria-label="What it would have counted" role="status">
      <p>
        In the last seven days it would have counted {grouped(String(events))} {events === 1 ? 'event' : 'events'} about{' '}
        {grouped(String(subjects))} {subjects === 1 ? 'subject' : 'subjects'}: <strong>{quantity(value)}</strong>.
      </p>
      {dead === 0 ? null : (
        <p className={styles.wrong}>
          <span aria-hidden="true">▲ </span>
          {grouped(String(dead))} {dead === 1 ? 'event' : 'events'} it could not count.
        </p>
      )}
      {changed ? null : <p className={ui.note}>It counts so already.</p>}
    </section>
  );
}
