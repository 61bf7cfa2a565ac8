import { useEffect, useState } from 'preact/hooks';
import type { Activity } from '../../../src/schemas/activity.ts';
import type { Overview } from '../../../src/schemas/admin.ts';
import type { Certificate, CheckedDomain, TlsAlarm } from '../../../src/schemas/health.ts';
import { formatAgo, formatCount, formatOctets } from '../format.ts';
import { Bar } from '../parts/bar.tsx';
import { Badge, Card, Notice, PageHead, Show } from '../parts/basics.tsx';
import { Link } from '../router.tsx';
import { useData } from '../use-data.ts';
import { ActivityCharts } from './charts/activity-charts.tsx';
import type { Period } from './charts/periods.ts';
import { CertificateNotices, CertificatesCard, DomainsCard, TlsAlarms } from './health-cards.tsx';

const REFRESH_MS = 30_000;
const LITTLE_ROOM = 0.1;

export function AdminStart() {
  const overview = useData<Overview>('/admin/overview');
  const certificates = useData<Certificate[]>('/admin/certificates');
  const domains = useData<CheckedDomain[]>('/admin/domain-checks');
  const alarms = useData<TlsAlarm[]>('/admin/tls-alarms');
  const [period, setPeriod] = useState<Period>('day');
  const activity = useData<Activity>(`/admin/activity?period=${period}`);
  const reloads = [overview.reload, activity.reload, certificates.reload, domains.reload, alarms.reload];
  useEffect(() => {
    const timer = setInterval(() => {
      for (const reload of reloads) reload();
    }, REFRESH_MS);
    return () => clearInterval(timer);
  }, reloads);
  const isUncertain =
    (alarms.data ?? []).length > 0 || (domains.data ?? []).some(({ troubles }) => troubles.length > 0);
  return (
    <>
      <PageHead title="This server" lead="Whether all is well. It looks again every half minute." />
      <TlsAlarms alarms={alarms} />
      <CertificateNotices certificates={certificates.data ?? []} />
      <Show of={overview}>
        {(known) => (
          <Figures overview={known} isUncertain={isUncertain}>
            <ActivityCharts activity={activity} period={period} onPeriod={setPeriod} />
          </Figures>
        )}
      </Show>
      <div class="grid">
        <CertificatesCard certificates={certificates} />
        <DomainsCard domains={domains} />
      </div>
    </>
  );
}

interface FiguresProps {
  readonly overview: Overview;
  /** Something that is shown elsewhere on the page needs somebody. */
  readonly isUncertain: boolean;
  /** Below the figures, and above what they are of. */
  readonly children: preact.ComponentChildren;
}

function Figures({ overview, isUncertain, children }: FiguresProps) {
  const { services, queue, disks, limitedNetworks } = overview;
  const faults = services.filter(({ state }) => state !== 'ready');
  const full = disks.filter(({ freeOctets, totalOctets }) => freeOctets < totalOctets * LITTLE_ROOM);
  return (
    <>
      {faults.length > 0 || full.length > 0 || services.length === 0 ? null : isUncertain ? (
        <Notice>
          The {formatCount(services.length, 'part')} of the server work. What else needs you is on this page.
        </Notice>
      ) : (
        <Notice>All is well: {formatCount(services.length, 'part')} of the server work.</Notice>
      )}
      {faults.map(({ name, state }) => (
        <Notice kind="bad" key={name}>
          {name}: {state}. Its log says more.
        </Notice>
      ))}
      {full.map(({ what, freeOctets }) => (
        <Notice kind="warn" key={what}>
          The disk of the {what} is almost full: {formatOctets(freeOctets)} are free. New mail is refused when nothing
          is left.
        </Notice>
      ))}
      <div class="tiles">
        <Tile title="Accounts" figure={String(overview.accounts)} to="/admin/accounts">
          {overview.disabledAccounts === 0
            ? `in ${formatCount(overview.domains, 'domain')}`
            : `${overview.disabledAccounts} disabled`}
        </Tile>
        <Tile title="Mail held" figure={formatOctets(overview.usedOctets)} to="/admin/accounts">
          in all accounts
        </Tile>
        <Tile title="To be sent" figure={String(queue.waiting)} to="/admin/queue">
          {queue.waiting === 0 ? 'nothing waits' : `the oldest for ${formatWait(queue.oldestSeconds)}`}
          {queue.held > 0 ? `; ${queue.held} held` : ''}
        </Tile>
        <Tile title="Last mail in" figure={formatAgo(overview.lastMailIn)} to="/admin/mail">
          from another server
        </Tile>
        <Tile title="Last mail out" figure={formatAgo(overview.lastMailOut)} to="/admin/queue">
          to another server
        </Tile>
        <Tile title="Shut out" figure={String(limitedNetworks)} to="/admin/limits">
          {limitedNetworks === 1 ? 'network' : 'networks'} with too many failed logins
        </Tile>
      </div>
      {children}
      <div class="grid">
        <Card title="Services">
          <dl class="facts rows">
            {services.map(({ name, state }) => (
              <div key={name} class="head">
                <dt>{name}</dt>
                <dd>
                  <Badge kind={state === 'ready' ? '' : 'bad'}>{state}</Badge>
                </dd>
              </div>
            ))}
          </dl>
          {services.length === 0 ? <p class="quiet">The status service is off, so nobody says.</p> : null}
        </Card>
        <Card title="Disks">
          {disks.length === 0 ? <p class="quiet">Everything is on other machines.</p> : null}
          {disks.map(({ what, freeOctets, totalOctets }) => {
            const text = `${formatOctets(freeOctets)} of ${formatOctets(totalOctets)} are free`;
            return (
              <div class="stack" key={what}>
                <p>
                  <strong>{what}</strong> <span class="quiet">{text}</span>
                </p>
                <Bar
                  portions={[{ name: 'used', amount: totalOctets - freeOctets }]}
                  whole={totalOctets}
                  label={`${what}: ${text}`}
                />
              </div>
            );
          })}
        </Card>
      </div>
    </>
  );
}

interface TileProps {
  readonly title: string;
  readonly figure: string;
  readonly to: string;
  readonly children: preact.ComponentChildren;
}

function Tile({ title, figure, to, children }: TileProps) {
  return (
    <section class="card tile">
      <h2>
        <Link to={to}>{title}</Link>
      </h2>
      <div class="figure">{figure}</div>
      <div class="quiet small">{children}</div>
    </section>
  );
}

function formatWait(seconds: number): string {
  if (seconds < 3_600) return formatCount(Math.ceil(seconds / 60), 'minute');
  return seconds < 172_800
    ? formatCount(Math.round(seconds / 3_600), 'hour')
    : formatCount(Math.round(seconds / 86_400), 'day');
}
