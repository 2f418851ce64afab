import sheet from '../ui/sheet.module.css';

interface BlueprintFieldProps {
  /** Empty: none is chosen. */
  readonly value: string;
  readonly names: readonly string[];
  readonly onChange: (blueprint: string) => void;
}

/** One of the blueprints; the chosen one is there while the others are still read. */
export function BlueprintField({ value, names, onChange }: BlueprintFieldProps) {
  return (
    <label className={sheet.label}>
      Blueprint
      <select className={sheet.input} value={value} onChange={({ target }) => onChange(target.value)}>
        {value === '' ? <option value="">choose one</option> : null}
        {(value === '' || names.includes(value) ? names : [value, ...names]).map((each) => (
          <option key={each} value={each}>
            {each}
          </option>
        ))}
      </select>
    </label>
  );
}
