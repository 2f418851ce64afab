export function Inventory() {
  return <h1 tabIndex={-1}>Inventory</h1>;
}
