import sheet from '../ui/sheet.module.css';

interface AcceptUnmeteredProps {
  readonly isAccepted: boolean;
  readonly onChange: (isAccepted: boolean) => void;
}

/** What the plan has prices for and nothing meters blocks a proposal, unless that is accepted. */
export function AcceptUnmetered({ isAccepted, onChange }: AcceptUnmeteredProps) {
  return (
    <label className={sheet.check}>
      <input type="checkbox" checked={isAccepted} onChange={({ target }) => onChange(target.checked)} />
      Also where the plan has prices for what is not metered: it is not billed then
    </label>
  );
}
