export function Resource() {
  return <h1 tabIndex={-1}>Resource</h1>;
}
