export default function Proof(_props: { why: string; now: string }) {
  return null;
}
