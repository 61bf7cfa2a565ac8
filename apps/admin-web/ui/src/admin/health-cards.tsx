import { useState } from 'preact/hooks';
import type { Certificate, CheckedDomain, TlsAlarm } from '../../../src/schemas/health.ts';
import { call } from '../api.ts';
import { formatAgo, formatCount, formatDay } from '../format.ts';
import { Badge, Card, Notice, Show } from '../parts/basics.tsx';
import { Ask, Table } from '../parts/list.tsx';
import { Link } from '../router.tsx';
import { safeText } from '../safe-text.ts';
import type { Loaded } from '../use-data.ts';

const DAY_MS = 86_400_000;
/** There is time then to find out why it was not renewed. */
const SOON_DAYS = 20;

const daysLeft = ({ validUntil }: Certificate) => Math.floor((Date.parse(validUntil) - Date.now()) / DAY_MS);

/** What is over, or will be soon. */
export function CertificateNotices({ certificates }: { certificates: readonly Certificate[] }) {
  return (
    <>
      {certificates.flatMap((certificate) => {
        const { names, file, validUntil } = certificate;
        const left = daysLeft(certificate);
        if (left >= SOON_DAYS) return [];
        return [
          <Notice key={file} kind={left < 0 ? 'bad' : 'warn'}>
            The certificate for {names.join(', ')}{' '}
            {left < 0
              ? `is over since ${formatDay(validUntil)}: others do not believe this server.`
              : `is over in ${formatCount(left, 'day')}.`}{' '}
            Renew <span class="code">{file}</span>; the server reads it anew by itself.
          </Notice>,
        ];
      })}
    </>
  );
}

export function CertificatesCard({ certificates }: { certificates: Loaded<Certificate[]> }) {
  return (
    <Card title="Certificates">
      <Show of={certificates}>
        {(list) => (
          <>
            {list.map((certificate) => {
              const left = daysLeft(certificate);
              return (
                <div class="stack entry" key={certificate.file}>
                  <p>
                    <strong class="code">{certificate.names.join(', ')}</strong>
                  </p>
                  <p class="small">
                    <Badge kind={left < 0 ? 'bad' : left < SOON_DAYS ? 'warn' : ''}>
                      until {formatDay(certificate.validUntil)}
                    </Badge>{' '}
                    <span class="quiet">
                      {certificate.issuer === null ? 'self-signed' : `from ${certificate.issuer}`}, since{' '}
                      {formatDay(certificate.validFrom)}
                    </span>
                  </p>
                </div>
              );
            })}
          </>
        )}
      </Show>
    </Card>
  );
}

/** Whether the DNS has what each domain needs. */
export function DomainsCard({ domains }: { domains: Loaded<CheckedDomain[]> }) {
  return (
    <Card title="DNS">
      <Show of={domains}>
        {(list) =>
          list.length === 0 ? (
            <p class="quiet">No domain that the world’s DNS could know.</p>
          ) : (
            <dl class="facts rows">
              {list.map(({ domain, checkedAt, troubles, unknown }) => (
                <div key={domain} class="head">
                  <dt>
                    <Link to={`/admin/domains/${encodeURIComponent(domain)}`}>{safeText(domain)}</Link>{' '}
                    <span class="small">{checkedAt === null ? '' : `looked ${formatAgo(checkedAt)}`}</span>
                  </dt>
                  <dd>
                    {checkedAt === null ? (
                      <Badge>being looked for</Badge>
                    ) : troubles.length > 0 ? (
                      <Badge kind="bad">{formatCount(troubles.length, 'record')} wrong</Badge>
                    ) : unknown > 0 ? (
                      <Badge kind="warn">the DNS does not say all</Badge>
                    ) : (
                      <Badge>all there</Badge>
                    )}
                  </dd>
                </div>
              ))}
            </dl>
          )
        }
      </Show>
    </Card>
  );
}

/** Servers of others that had TLS and have none any more; nothing, if there are none. */
export function TlsAlarms({ alarms }: { alarms: Loaded<TlsAlarm[]> }) {
  const [forgetting, setForgetting] = useState<TlsAlarm | null>(null);
  const list = alarms.data ?? [];
  if (list.length === 0) return null;
  return (
    <Card title="Servers without TLS that had it">
      <Notice kind="warn">
        Mail for {formatCount(list.length, 'server')} waits: somebody may be in between, and read it. After a while it
        goes all the same (relay.tlsPatienceHours).
      </Notice>
      <Table
        rows={list}
        keyOf={({ host }) => host}
        columns={[
          { title: 'Server', kind: 'name', show: ({ host }) => <span class="code">{safeText(host)}</span> },
          { title: 'Without TLS', show: ({ missingSince }) => formatAgo(missingSince) },
          { title: 'Last seen with it', show: ({ seenAt }) => formatAgo(seenAt) },
          { title: 'What it says', show: ({ reason }) => <bdi>{safeText(reason ?? '')}</bdi> },
        ]}
        actions={(alarm) => (
          <button
            type="button"
            onClick={() => setForgetting(alarm)}
            aria-label={`Send without TLS to ${safeText(alarm.host)}`}
          >
            Send without
          </button>
        )}
      />
      <Ask
        about={forgetting}
        title={({ host }) => `Send to ${safeText(host)} without TLS?`}
        submit="Send without TLS"
        onClose={() => setForgetting(null)}
        onAgree={async ({ host }) => {
          await call('POST', '/admin/tls-alarms/forget', { body: { hosts: [host] } });
          alarms.reload();
        }}
      >
        {() => (
          <p>
            Only if you know why it has none: whoever is in between reads the mail. What waits goes when its time comes.
            What the domain publishes (DANE, MTA-STS) holds all the same.
          </p>
        )}
      </Ask>
    </Card>
  );
}
