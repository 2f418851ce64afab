export function Happened(_props: { readonly now: string }) {
  return null;
}
