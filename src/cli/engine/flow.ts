import type { FlowContext } from '../../flows/index.ts';
import { operator } from './operator.ts';
import type { Session, SessionDatabase } from './session.ts';

/** A flow as this command asks for it. Whoever may use the database from this machine may do everything in it. */
export async function flowContext(session: Session, { clock }: SessionDatabase): Promise<FlowContext> {
  return {
    now: await clock.now(),
    principal: { subject: operator(), role: 'owner' },
    signal: session.signal,
    progress: session.progress,
  };
}
