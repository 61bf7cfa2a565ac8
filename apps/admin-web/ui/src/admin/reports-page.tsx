import { useState } from 'preact/hooks';
import type { Domain } from '../../../src/schemas/admin.ts';
import type { DomainReports } from '../../../src/schemas/reports.ts';
import { formatCount } from '../format.ts';
import { Badge, Card, Empty, Notice, PageHead, Select, Show } from '../parts/basics.tsx';
import { Table } from '../parts/list.tsx';
import { Said } from '../parts/said.tsx';
import { safeText } from '../safe-text.ts';
import { currentLocale } from '../texts/texts.ts';
import { useData } from '../use-data.ts';
import { ColumnChart } from './charts/column-chart.tsx';

type Report = DomainReports['dmarc'][number];

/** What others tell of mail that says it is from our domains, and of TLS with this server: docs/reports.md. */
export function ReportsPage() {
  const domains = useData<readonly Domain[]>('/admin/domains');
  return (
    <>
      <PageHead
        title="Reports"
        lead="What other servers report about your domains: who sends as you, and whether mail to you came encrypted."
      />
      <Show of={domains}>
        {(all) =>
          all.length === 0 ? (
            <Empty>There are no domains yet.</Empty>
          ) : (
            <ChosenDomain names={all.map(({ name }) => name)} />
          )
        }
      </Show>
    </>
  );
}

function ChosenDomain({ names }: { names: readonly string[] }) {
  const [domain, setDomain] = useState(names[0] ?? '');
  const reports = useData<DomainReports>(`/admin/domains/${encodeURIComponent(domain)}/reports`);
  return (
    <>
      <Select label="Domain" value={domain} options={names.map((name) => [name, safeText(name)])} onValue={setDomain} />
      <Show of={reports}>{(known) => <Reports reports={known} />}</Show>
    </>
  );
}

function Reports({ reports }: { reports: DomainReports }) {
  const { domain, days, sources, unverified, dmarc, tls } = reports;
  if (dmarc.length === 0 && tls.reports.length === 0) {
    return (
      <Empty>
        Nobody has reported on {safeText(domain)} in the last 30 days. Reports come a day or two after the DNS has the
        records that ask for them.
      </Empty>
    );
  }
  const failing = sources.filter(({ failed }) => failed > 0);
  return (
    <>
      {unverified === 0 ? null : (
        <Notice kind="warn">
          {formatCount(unverified, 'report')} came from somebody whose domain does not answer for the mail, and counts
          for nothing here.
        </Notice>
      )}
      <Card title="Mail from the domain, in the last 30 days">
        <MailFigures domain={domain} days={days} />
      </Card>
      <Card title="Servers that failed">
        {failing.length === 0 ? (
          <p class="quiet">None: all mail that was reported is signed, or allowed by SPF.</p>
        ) : (
          <Sources sources={failing} />
        )}
      </Card>
      <Card title="Servers whose mail passed">
        <Sources sources={sources.filter(({ failed }) => failed === 0)} />
      </Card>
      <TlsFigures tls={tls} />
      <Card title="Reports on DMARC">
        <ReportTable reports={dmarc} noun="Messages" label="Reports on DMARC" />
      </Card>
      <Card title="Reports on TLS">
        <ReportTable reports={tls.reports} noun="Sessions" label="Reports on TLS" />
      </Card>
    </>
  );
}

function MailFigures({ domain, days }: Pick<DomainReports, 'domain' | 'days'>) {
  const passed = days.reduce((sum, day) => sum + day.passed, 0);
  const failed = days.reduce((sum, day) => sum + day.failed, 0);
  const text = `${formatCount(passed, 'message')} passed, ${failed} failed`;
  const series = [
    { name: 'passed', color: '--bar-1', values: days.map((day) => day.passed) },
    { name: 'failed', color: '--bad', values: days.map((day) => day.failed) },
  ];
  return (
    <>
      <ColumnChart
        series={series}
        ticks={days.map(({ day }) => (isMonday(day) ? dayName(day, { day: 'numeric', month: 'short' }) : null))}
        names={days.map(({ day }) => dayName(day, { weekday: 'short', day: 'numeric', month: 'long' }))}
        group="reports"
        label={`Mail from ${domain} day by day: ${text} in 30 days. The table below has the figures.`}
      />
      <p class="small">
        {text}, as others counted them. <Key fill="fill-1" /> signed or allowed; <Key fill="fill-bad" /> neither. The
        days are those of UTC.
      </p>
      <details>
        <summary>These 30 days as a table</summary>
        <Table
          rows={days.toReversed()}
          keyOf={({ day }) => day}
          columns={[
            { title: 'Day', kind: 'name', show: ({ day }) => dayName(day, { dateStyle: 'medium' }) },
            { title: 'Passed', kind: 'number', show: (row) => row.passed },
            { title: 'Failed', kind: 'number', show: (row) => row.failed },
          ]}
        />
      </details>
    </>
  );
}

const isMonday = (day: string) => new Date(day).getUTCDay() === 1;
const dayName = (day: string, options: Intl.DateTimeFormatOptions) =>
  new Date(day).toLocaleDateString(currentLocale(), { ...options, timeZone: 'UTC' });

/** Which colour it is that the words behind it name. */
const Key = ({ fill }: { fill: string }) => (
  <svg width="10" height="10" aria-hidden="true">
    <rect class={fill} width="10" height="10" />
  </svg>
);

function Sources({ sources }: Pick<DomainReports, 'sources'>) {
  if (sources.length === 0) return <p class="quiet">None.</p>;
  return (
    <>
      {sources.map(({ address, messages, failed, meaning, reporters }) => (
        <div class="stack entry" key={address}>
          <div class="actions">
            <h3 class="code">{address}</h3>
            <Badge kind={failed > 0 ? 'bad' : ''}>
              {failed > 0
                ? `${failed} of ${formatCount(messages, 'message')} failed`
                : formatCount(messages, 'message')}
            </Badge>
          </div>
          <p class="small">
            {meaning} <span class="quiet">Seen by {formatCount(reporters, 'organization')}.</span>
          </p>
        </div>
      ))}
    </>
  );
}

function TlsFigures({ tls }: Pick<DomainReports, 'tls'>) {
  return (
    <Card title="Encrypted mail to this server">
      <p class="small">
        {tls.successful + tls.failed === 0
          ? 'Nobody has reported on it.'
          : `${formatCount(tls.successful, 'session')} had TLS as it should be, ${tls.failed} failed.`}
      </p>
      {tls.failures.map(({ type, policyType, receivingHost, sessions, reporters, meaning }) => (
        <div class="stack entry" key={`${type} ${policyType} ${receivingHost}`}>
          <div class="actions">
            <h3 class="code">{type}</h3>
            <Badge kind="bad">{formatCount(sessions, 'session')}</Badge>
          </div>
          <p class="small">
            {meaning}{' '}
            <span class="quiet">
              {receivingHost === '' ? '' : `At ${safeText(receivingHost)}, by policy ${policyType}. `}Seen by{' '}
              {formatCount(reporters, 'organization')}.
            </span>
          </p>
        </div>
      ))}
    </Card>
  );
}

function ReportTable({ reports, noun, label }: { reports: readonly Report[]; noun: string; label: string }) {
  if (reports.length === 0) return <p class="quiet">None.</p>;
  return (
    <table class="cards" aria-label={label}>
      <thead>
        <tr>
          <th scope="col">By</th>
          <th scope="col">Came from</th>
          <th scope="col">Day</th>
          <th scope="col" class="number">
            {noun}
          </th>
          <th scope="col" class="number">
            Failed
          </th>
        </tr>
      </thead>
      <tbody>
        {reports.map(({ organization, reporter, trust, reportId, beginsAt, total, failed }) => (
          <tr key={`${organization} ${reporter} ${reportId}`}>
            <th scope="row">
              <Said>{organization}</Said>
            </th>
            <td data-label="Came from">
              <Said>{reporter === '' ? 'a file' : reporter}</Said>{' '}
              {trust === 'unverified' ? <Badge kind="warn">unverified</Badge> : null}
            </td>
            <td data-label="Day" class="nowrap">
              {beginsAt.slice(0, 10)}
            </td>
            <td data-label={noun} class="number">
              {total}
            </td>
            <td data-label="Failed" class="number">
              {failed}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
