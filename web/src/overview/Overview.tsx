import ui from '../ui/ui.module.css';

export function Overview() {
  return <h1 tabIndex={-1} className={ui.block}>Overview</h1>;
}
