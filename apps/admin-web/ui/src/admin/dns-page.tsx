import { useState } from 'preact/hooks';
import type { DnsRecords } from '../../../src/schemas/dns.ts';
import { Badge, Card, CopyButton, Notice, PageHead, Show } from '../parts/basics.tsx';
import { safeText } from '../safe-text.ts';
import { useData } from '../use-data.ts';
import { DkimKeys } from './dkim-keys.tsx';

type DnsRecord = DnsRecords['records'][number];

const STATES: Readonly<Record<string, string>> = {
  right: 'the DNS has it',
  missing: 'missing',
  different: 'the DNS has something else',
  unsigned: 'has no effect: the zone is not signed (DNSSEC)',
  unknown: 'the DNS does not answer',
};

export function DnsPage({ domain }: { domain: string }) {
  const path = `/admin/domains/${encodeURIComponent(domain)}`;
  const [isChecking, setChecking] = useState(false);
  const records = useData<DnsRecords>(isChecking ? `${path}/records/check` : `${path}/records`);
  const look = () => (isChecking ? records.reload() : setChecking(true));
  return (
    <>
      <PageHead title={safeText(domain)} lead="The DNS records that it needs, and what each is for.">
        <button type="button" class="primary" onClick={look}>
          Look what the DNS has
        </button>
      </PageHead>
      <DkimKeys domain={domain} onChanged={records.reload} />
      <Show of={records}>
        {({ records: all, knowsAddresses, hostname }) => (
          <>
            {knowsAddresses ? null : (
              <Notice kind="warn">
                The address of {hostname} is not known: say publicAddresses in the configuration file, and the records
                for it are here too.
              </Notice>
            )}
            <Zone title={`In the zone of ${safeText(domain)}`} records={all.filter(({ zone }) => zone === 'domain')} />
            <Zone
              title={`In the zone of ${hostname}: once, for all domains`}
              records={all.filter(({ zone }) => zone === 'host')}
            />
            <Zone
              title="With whoever gave this server its addresses"
              records={all.filter(({ zone }) => zone === 'address')}
            />
          </>
        )}
      </Show>
    </>
  );
}

function Zone({ title, records }: { title: string; records: readonly DnsRecord[] }) {
  if (records.length === 0) return null;
  return (
    <Card title={title}>
      {records.map((record) => (
        <RecordEntry key={`${record.name} ${record.type} ${record.value}`} record={record} />
      ))}
    </Card>
  );
}

function RecordEntry({ record }: { record: DnsRecord }) {
  const { name, type, value, why, condition, level, check } = record;
  return (
    <div class="stack entry">
      <div class="actions">
        <h3 class="code">
          {name} {type}
        </h3>
        <Badge kind={level === 'needed' ? 'warn' : ''}>{level}</Badge>
        {check === null ? null : (
          <Badge kind={check.isTrouble ? 'bad' : check.state === 'right' ? '' : 'warn'}>
            {STATES[check.state] ?? check.state}
          </Badge>
        )}
      </div>
      <p class="small">
        {why} {condition === null ? null : <span class="quiet">{condition}</span>}
      </p>
      <div class="secret small">
        <span class="code">{value}</span>
        <CopyButton text={value} what={`the ${type} record of ${name}`} />
      </div>
      {check === null || check.state === 'right' || check.found.length === 0 ? null : (
        <p class="small quiet">
          It has: <span class="code">{safeText(check.found.join(' | '))}</span>
        </p>
      )}
      {check === null || check.note === null ? null : <p class="small quiet">{check.note}</p>}
    </div>
  );
}
