import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { inPeriod } from '../app/address.ts';
import { useMe } from '../app/session.ts';
import styles from '../lists/lists.module.css';
import { Act } from '../ui/Act.tsx';
import { Band, Empty, States } from '../ui/States.tsx';
import ui from '../ui/ui.module.css';
import { BlueprintSheet } from './BlueprintSheet.tsx';
import { ChangeSheet } from './ChangeSheet.tsx';
import { DestroySheet } from './DestroySheet.tsx';
import { ProposalTable } from './ProposalTable.tsx';
import { ProtectSheet, UnprotectSheet } from './Protections.tsx';
import own from './provisioning.module.css';
import { useProposals, useProtections } from './read.ts';

type Asking = 'change' | 'destroy' | 'protect' | 'unprotect' | 'blueprint';

/** What was proposed and rolled out of a deployment, and what can be. */
export default function DeploymentCard({ deployment }: { readonly deployment: string }) {
  const { data: me } = useMe();
  const [asking, setAsking] = useState<Asking | null>(null);
  const proposals = useProposals({ deployment });
  const protections = useProtections({ q: deployment });
  const protection = protections.data?.items.find((one) => one.deployment === deployment);
  const blueprint = proposals.data?.items.find((one) => one.blueprint !== null)?.blueprint ?? null;
  const close = () => setAsking(null);
  return (
    <section className={`${ui.card} ${styles.whole} ${styles.card}`} aria-labelledby="provisioning">
      <div className={ui.cardHead}>
        <h2 id="provisioning">Proposals and rollouts</h2>
        {(proposals.data?.total ?? 0) > (proposals.data?.items.length ?? 0) ? (
          <Link to="/provisioning" search={inPeriod({ deployment })} className={ui.link}>
            All {proposals.data?.total}
          </Link>
        ) : null}
      </div>
      <div className={own.acts}>
        <Act operation="proposeChange" needs="operator" onAct={() => setAsking('change')}>
          Change
        </Act>
        {blueprint === null ? (
          <Act operation="writeBlueprintFrom" needs="staff" onAct={() => setAsking('blueprint')}>
            Write a blueprint from it
          </Act>
        ) : (
          <Link to="/provisioning/new" search={inPeriod({ blueprint })} className={ui.button}>
            Another one like it
          </Link>
        )}
        {protection === undefined ? (
          <Act operation="protectResource" needs="operator" onAct={() => setAsking('protect')}>
            Protect
          </Act>
        ) : (
          <Act operation="unprotectResource" needs="owner" onAct={() => setAsking('unprotect')}>
            Unprotect
          </Act>
        )}
        <Act operation="proposeDestruction" needs="owner" onAct={() => setAsking('destroy')}>
          Take down
        </Act>
      </div>
      <div className={ui.cardBody}>
        {protection === undefined ? null : (
          <Band>
            Protected by {protection.protectedBy}: {protection.reason}
          </Band>
        )}
        <States query={proposals} rows={3}>
          {({ items }) =>
            items.length === 0 ? (
              <Empty title="Nothing was proposed of it yet.">
                <p>A change is proposed by a blueprint, with the money for both sides, and rolled out once approved.</p>
              </Empty>
            ) : (
              <ProposalTable items={items} now={me?.now ?? ''} />
            )
          }
        </States>
      </div>
      {asking === 'change' ? <ChangeSheet deployment={deployment} blueprint={blueprint} onClose={close} /> : null}
      {asking === 'destroy' ? <DestroySheet deployment={deployment} onClose={close} /> : null}
      {asking === 'protect' ? <ProtectSheet deployment={deployment} onClose={close} /> : null}
      {asking === 'unprotect' ? <UnprotectSheet of={{ deployment }} name={deployment} onClose={close} /> : null}
      {asking === 'blueprint' ? <BlueprintSheet isFrom deployment={deployment} onClose={close} /> : null}
    </section>
  );
}
