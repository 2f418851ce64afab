import { useQueryClient } from '@tanstack/react-query';
import { useRef, useState } from 'react';
import { Problem } from '../api/client.ts';
import { session } from './session.ts';

// A change is sent with an Idempotency-Key, so that it is done once: where no answer arrives it is sent again with the
// same key, and where the session has ended, once the same person is back.

const resendsMax = 5;
const resendAfterMs = 1_000;

export interface Change<Body, Answer> {
  readonly state: 'idle' | 'sending' | 'checking' | 'waiting';
  readonly problem: Error | null;
  readonly answer: Answer | null;
  /** Sends it, unless it is on its way. */
  send(body: Body): void;
  /** As nothing had been sent. */
  clear(): void;
}

interface ChangeOptions<Body, Answer> {
  readonly write: (body: Body, headers: Readonly<Record<string, string>>) => Promise<Answer>;
  readonly onDone?: (answer: Answer, body: Body) => void;
  /** It was refused: what it rested on may be something else by now. */
  readonly onRefused?: () => void;
}

function newKey(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** No answer, or one that does not say whether it was done. */
function isUnknown(error: unknown): boolean {
  return (
    error instanceof Problem &&
    (error.status === 0 || error.code === 'outcome_unknown' || error.code === 'idempotency_key_in_use')
  );
}

const signedInAgain = () =>
  new Promise<void>((resolve) => {
    const stop = session.subscribe(() => {
      if (session.state !== 'in') return;
      stop();
      resolve();
    });
  });

/** A change that is done once. What is on screen is read again afterwards. */
export function useChange<Body, Answer>({
  write,
  onDone,
  onRefused,
}: ChangeOptions<Body, Answer>): Change<Body, Answer> {
  const client = useQueryClient();
  const [state, setState] = useState<Change<Body, Answer>['state']>('idle');
  const [problem, setProblem] = useState<Error | null>(null);
  const [answer, setAnswer] = useState<Answer | null>(null);
  const isBusy = useRef(false);
  // The same body again is the same change, until it is known to be done.
  const last = useRef({ text: '', key: '' });

  const attempt = async (body: Body): Promise<Answer> => {
    const text = JSON.stringify(body) ?? '';
    if (last.current.text !== text || last.current.key === '') last.current = { text, key: newKey() };
    const headers = { 'idempotency-key': last.current.key };
    for (let resent = 0; ; ) {
      try {
        return await write(body, headers);
      } catch (error) {
        if (error instanceof Problem && error.status === 401) {
          setState('waiting');
          session.refused();
          await signedInAgain();
        } else if (isUnknown(error) && resent < resendsMax) {
          resent += 1;
          setState('checking');
          await new Promise((resolve) => setTimeout(resolve, resendAfterMs));
        } else throw error;
      }
    }
  };

  const send = async (body: Body) => {
    if (isBusy.current) return;
    isBusy.current = true;
    setProblem(null);
    setState('sending');
    try {
      const found = await attempt(body);
      last.current = { text: '', key: '' };
      setAnswer(found);
      onDone?.(found, body);
      await client.invalidateQueries({ predicate: ({ queryKey }) => queryKey[0] !== 'getMe' });
    } catch (error) {
      setProblem(error instanceof Error ? error : new Error(String(error)));
      onRefused?.();
    } finally {
      isBusy.current = false;
      setState('idle');
    }
  };

  return {
    state,
    problem,
    answer,
    send: (body) => void send(body),
    clear() {
      setProblem(null);
      setAnswer(null);
    },
  };
}

/** What a button says meanwhile; null: what it does. */
export function busyWord(state: Change<unknown, unknown>['state']): string | null {
  switch (state) {
    case 'idle':
      return null;
    case 'sending':
      return 'Sending';
    case 'checking':
      return 'No answer yet: checking';
    case 'waiting':
      return 'Waiting for you to sign in';
  }
}
