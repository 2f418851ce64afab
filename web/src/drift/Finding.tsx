import { Link, useParams } from '@tanstack/react-router';
import { useState } from 'react';
import { inPeriod } from '../app/address.ts';
import { useRead } from '../app/reads.ts';
import { useMe } from '../app/session.ts';
import { DataTable } from '../lists/DataTable.tsx';
import styles from '../lists/lists.module.css';
import { Act } from '../ui/Act.tsx';
import { Unknown } from '../ui/Figure.tsx';
import { Band, Empty, States } from '../ui/States.tsx';
import { exactMoment, moment } from '../ui/time.ts';
import ui from '../ui/ui.module.css';
import { type Decision, DecideSheet } from './DecideSheet.tsx';
import own from './drift.module.css';
import { Monthly, SeverityMark, Whose } from './Parts.tsx';
import { type Finding as One, type FindingDetail, readFinding } from './read.ts';
import { categoryWords, fieldText, ruleText, sinceText, stateText, titleOf, valueText } from './words.ts';

/** What differs, since when, what it costs, what may have caused it, and what was decided. */
export function Finding() {
  const { finding } = useParams({ from: '/drift/$finding' });
  const detail = useRead(['getFinding', finding], (signal) => readFinding(finding, signal));
  const { data: me } = useMe();
  const now = me?.now ?? '';
  return (
    <States query={detail} rows={14} title="Unexpected change">
      {(data) => (
        <div className={styles.page}>
          <Head finding={data.finding} now={now} />
          {data.finding.stale ? (
            <Band>
              It cannot be seen now: this is what was known last. Nothing of it opens or is resolved until it is read
              again.
            </Band>
          ) : null}
          <div className={styles.cards}>
            <SideBySide detail={data} />
            <Facts finding={data.finding} now={now} />
            <Causes detail={data} now={now} />
            <Decisions decisions={data.decisions} now={now} />
          </div>
        </div>
      )}
    </States>
  );
}

function Head({ finding, now }: { readonly finding: One; readonly now: string }) {
  const [decision, setDecision] = useState<Decision | null>(null);
  const isDecided = finding.state === 'acknowledged' || finding.state === 'ignored';
  return (
    <header className={styles.head}>
      <div>
        <p className={styles.crumb}>
          <Link to="/drift" search={inPeriod({})}>
            Unexpected changes
          </Link>
        </p>
        <h1 tabIndex={-1}>
          {titleOf(finding)}: {ruleText(finding.rule).toLowerCase()}.
        </h1>
        <p className={ui.note}>
          <SeverityMark severity={finding.severity} />, {stateText(finding, now)}, began {sinceText(finding, now)}
          {finding.reason === null ? '' : `: ${finding.reason}`}
        </p>
      </div>
      <div className={styles.tools}>
        {isDecided ? (
          <Act operation="reopenFinding" needs="operator" onAct={() => setDecision('reopen')}>
            Reopen
          </Act>
        ) : (
          <>
            <Act operation="ackFinding" needs="operator" onAct={() => setDecision('ack')}>
              Acknowledge
            </Act>
            <Act operation="ignoreFinding" needs="operator" onAct={() => setDecision('ignore')}>
              Ignore
            </Act>
          </>
        )}
      </div>
      {decision === null ? null : (
        <DecideSheet
          decision={decision}
          findings={[finding]}
          onClose={() => setDecision(null)}
          onDone={() => setDecision(null)}
        />
      )}
    </header>
  );
}

/** What was meant beside what there is, field by field, each with its own step of the amount; what agrees too. */
function SideBySide({ detail: { finding, parts, fields } }: { readonly detail: FindingDetail }) {
  const found = [finding, ...parts];
  // What differs stands above as what was found.
  const others = fields.filter(({ field, agrees }) => agrees !== false || !found.some((one) => one.field === field));
  return (
    <section className={`${ui.card} ${styles.wideCard} ${styles.card}`} aria-labelledby="beside">
      <div className={ui.cardHead}>
        <h2 id="beside">Declared, and what there is</h2>
        <span className={ui.note}>
          {finding.declaration === null ? 'found without a declaration' : finding.address}
        </span>
      </div>
      <DataTable label="Declared beside actual">
        <thead>
          <tr>
            <th scope="col">What</th>
            <th scope="col">Declared</th>
            <th scope="col">There is</th>
            <th scope="col" className={styles.figure}>
              A month
            </th>
          </tr>
        </thead>
        <tbody className={own.beside}>
          {found.map((one) => (
            <tr key={one.finding}>
              <th scope="row" className={styles.wrap}>
                {one === finding ? (
                  one.field === null ? (
                    one.name
                  ) : (
                    fieldText(one.field)
                  )
                ) : (
                  <Link
                    to="/drift/$finding"
                    params={{ finding: one.finding }}
                    search={inPeriod({})}
                    className={ui.link}
                  >
                    {titleOf(one)}
                  </Link>
                )}
              </th>
              <td className={own.value}>{valueText(one.declared)}</td>
              <td className={own.value}>{valueText(one.actual)}</td>
              <td className={styles.figure}>
                <Monthly amount={one.monthly} currency={one.currency} />
              </td>
            </tr>
          ))}
          {others.map((one) => (
            <Compared key={one.field} of={one} />
          ))}
        </tbody>
      </DataTable>
    </section>
  );
}

/** Another of its fields: it agrees, or it cannot be seen. */
function Compared({ of: { field, declared, actual, agrees } }: { readonly of: FindingDetail['fields'][number] }) {
  return (
    <tr>
      <th scope="row" className={styles.wrap}>
        {fieldText(field)}
      </th>
      <td className={own.value}>{valueText(declared)}</td>
      <td className={own.value}>{agrees === null ? <Unknown reason="It cannot be seen." /> : valueText(actual)}</td>
      <td className={styles.figure}>{agrees === true ? <span className={styles.muted}>agrees</span> : '–'}</td>
    </tr>
  );
}

function Facts({ finding, now }: { readonly finding: One; readonly now: string }) {
  const { category, kind, name, account, deployment, declaration, resourceId, priceSource, partOf, foundAt } = finding;
  return (
    <section className={`${ui.card} ${styles.narrowCard}`} aria-labelledby="facts">
      <div className={ui.cardHead}>
        <h2 id="facts">What it is about</h2>
      </div>
      <dl className={`${ui.cardBody} ${styles.facts}`}>
        <dt>Resource</dt>
        <dd>
          {resourceId === null ? (
            name
          ) : (
            <Link
              to="/resources/$resource"
              params={{ resource: String(resourceId) }}
              search={inPeriod({})}
              className={ui.link}
            >
              {name}
            </Link>
          )}
          , {kind.replaceAll('_', ' ')}
          {account === null ? '' : ` in ${account}`}
        </dd>
        <dt>Deployment</dt>
        <dd>
          <Whose deployment={deployment} />
        </dd>
        {declaration === null ? null : (
          <>
            <dt>Declaration</dt>
            <dd>
              <Link to="/declarations/$declaration" params={{ declaration }} search={inPeriod({})} className={ui.link}>
                {declaration}
              </Link>
            </dd>
          </>
        )}
        <dt>Category</dt>
        <dd>{categoryWords[category]}</dd>
        <dt>Began</dt>
        <dd>{sinceText(finding, now)}</dd>
        <dt>Found as it is now</dt>
        <dd title={exactMoment(foundAt)}>{moment(foundAt, now)}</dd>
        {finding.remedyMonthly === null ? null : (
          <>
            <dt>To mend it</dt>
            <dd>
              <Monthly amount={finding.remedyMonthly} currency={finding.currency} />{' '}
              <span className={ui.note}>a month</span>
            </dd>
          </>
        )}
        <dt>Price from</dt>
        <dd>{priceSource ?? '–'}</dd>
        {partOf === null ? null : (
          <>
            <dt>Part of</dt>
            <dd>
              <Link to="/drift/$finding" params={{ finding: partOf }} search={inPeriod({})} className={ui.link}>
                the whole
              </Link>
            </dd>
          </>
        )}
      </dl>
    </section>
  );
}

/** Candidates: all of them, where there are several. */
function Causes({ detail, now }: { readonly detail: FindingDetail; readonly now: string }) {
  const { causes, causesUnknown, finding } = detail;
  return (
    <section className={`${ui.card} ${styles.half}`} aria-labelledby="causes">
      <div className={ui.cardHead}>
        <h2 id="causes">What may have caused it</h2>
        <span className={ui.note}>in the provider's log of actions</span>
      </div>
      {causes.length === 0 ? (
        <Empty title={causesUnknown === null ? 'No action in that time.' : 'Not known.'}>
          <p>{causesUnknown ?? `The log has none on this resource ${sinceText(finding, now)}.`}</p>
        </Empty>
      ) : (
        <ul className={`${ui.cardBody} ${own.list}`}>
          {causes.map(({ action, type, status, startedAt, completedAt }) => {
            const at = completedAt ?? startedAt;
            return (
              <li key={action}>
                <span>
                  {type.replaceAll('_', ' ')}, {status} <span className={ui.mono}>{action}</span>
                </span>
                {at === null ? null : (
                  <time dateTime={at} title={exactMoment(at)}>
                    {moment(at, now)}
                  </time>
                )}
              </li>
            );
          })}
        </ul>
      )}
    </section>
  );
}

const decisionWords: Readonly<Record<Decision, string>> = {
  ack: 'Acknowledged',
  ignore: 'Ignored',
  reopen: 'Reopened',
};

function Decisions({ decisions, now }: { readonly decisions: FindingDetail['decisions']; readonly now: string }) {
  return (
    <section className={`${ui.card} ${styles.half}`} aria-labelledby="decisions">
      <div className={ui.cardHead}>
        <h2 id="decisions">What was decided</h2>
      </div>
      {decisions.length === 0 ? (
        <Empty title="Nothing yet.">
          <p>Acknowledge what is known, ignore what is to stay, or change it at the provider: then it is resolved.</p>
        </Empty>
      ) : (
        <ol className={`${ui.cardBody} ${own.list}`}>
          {decisions.map(({ decision, reason, until, recordedAt, recordedBy }) => (
            <li key={`${recordedAt} ${decision}`}>
              <span>
                {decisionWords[decision]} by {recordedBy}
                {until === null ? '' : `, until ${moment(until, now)}`}
                {reason === '' ? '' : `: ${reason}`}
              </span>
              <time dateTime={recordedAt} title={exactMoment(recordedAt)}>
                {moment(recordedAt, now)}
              </time>
            </li>
          ))}
        </ol>
      )}
    </section>
  );
}
