import { useEffect, useState } from 'react';

const quietMs = 500;

/** A text as it stood when nobody had typed for half a second: what costs the server work waits for it. */
export function useQuiet(text: string): string {
  const [quiet, setQuiet] = useState(text);
  useEffect(() => {
    const timer = setTimeout(() => setQuiet(text), quietMs);
    return () => clearTimeout(timer);
  }, [text]);
  return quiet;
}
