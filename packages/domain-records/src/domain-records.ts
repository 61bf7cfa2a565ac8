import { isIPv4 } from 'node:net';
import type { DkimKeySummary, MtaStsMode } from '@postel/directory';
import { reverseName } from '@postel/dns';
import { formatDkimRecord } from '@postel/message-auth';
import { mtaStsPolicy } from '@postel/tls-policy';
import { dkimRecordName } from './dkim-in-dns.ts';
import type { DomainRecord } from './record.ts';
import type { ServerKey } from './server-key.ts';

/** What the records say of the server. */
export interface MailHost {
  /** As EHLO and its certificate have it. */
  readonly hostname: string;
  /** By which the world reaches it; none if they are not known. */
  readonly addresses: readonly string[];
  /** Of certificates for the host name. */
  readonly keys: readonly ServerKey[];
  /** Where mail programs find the services; null for one that is off. */
  readonly ports: Readonly<Record<MailService, number | null>>;
}

type MailService = 'submission' | 'submissions' | 'imap' | 'imaps';

/** RFC 6186 §3.4 and RFC 8314 §5.1: what has TLS from the first octet first. */
const SERVICES = [
  ['submissions', 0],
  ['imaps', 0],
  ['submission', 10],
  ['imap', 10],
] as const satisfies readonly (readonly [MailService, number])[];

export interface RecordOptions {
  /** Of the policy that the domain publishes. */
  readonly mtaSts?: MtaStsMode;
  readonly now?: Date;
}

/** The records of a domain whose mail is for this server, the needed ones first. */
export function domainRecords(
  domain: string,
  dkimKeys: readonly DkimKeySummary[],
  host: MailHost,
  { mtaSts: mode = 'testing', now = new Date() }: RecordOptions = {},
): readonly DomainRecord[] {
  const { hostname } = host;
  return [
    mx(domain, hostname),
    ...host.addresses.flatMap((address) => addressRecords(hostname, address)),
    spf(domain),
    ...dkimKeys.flatMap((key) => dkim(key, now)),
    dmarc(domain),
    ...(hostname === domain ? [] : [hostSpf(hostname)]),
    tlsReports(domain),
    ...host.keys.map((key) => tlsa(hostname, key)),
    ...mtaSts(domain, hostname, mode),
    ...services(domain, host),
    {
      kind: 'autoconfig',
      level: 'optional',
      zone: 'domain',
      name: `autoconfig.${domain}`,
      type: 'CNAME',
      value: hostname,
      why: 'Thunderbird and others ask this host, over HTTPS, for the settings of an address: the web answers, with web.https and a certificate for this name.',
      condition: null,
    },
    {
      kind: 'autoconfig',
      level: 'optional',
      zone: 'domain',
      name: `autodiscover.${domain}`,
      type: 'CNAME',
      value: hostname,
      why: 'Outlook asks this host for the same, under the same conditions.',
      condition: null,
    },
  ];
}

function mx(domain: string, hostname: string): DomainRecord {
  return {
    kind: 'mx',
    level: 'needed',
    zone: 'domain',
    name: domain,
    type: 'MX',
    value: `10 ${hostname}`,
    why: 'Other servers bring mail for the domain to this host (RFC 5321 §5.1).',
    condition: null,
  };
}

function addressRecords(hostname: string, address: string): readonly DomainRecord[] {
  const type = isIPv4(address) ? 'A' : 'AAAA';
  const reverse = reverseName(address);
  const forward: DomainRecord = {
    kind: 'address',
    level: 'needed',
    zone: 'host',
    name: hostname,
    type,
    value: address,
    why: 'Where the mail host is.',
    condition: null,
  };
  if (reverse === null) return [forward];
  return [
    forward,
    {
      kind: 'reverse',
      level: 'needed',
      zone: 'address',
      name: reverse,
      type: 'PTR',
      value: hostname,
      why: `The name of ${address}: whoever gave you the address sets it. Large providers refuse mail from addresses without one.`,
      condition: null,
    },
  ];
}

function spf(domain: string): DomainRecord {
  return {
    kind: 'spf',
    level: 'needed',
    zone: 'domain',
    name: domain,
    type: 'TXT',
    value: 'v=spf1 mx ~all',
    why: 'Mail of the domain comes from its MX hosts alone (RFC 7208). ~all: what lists pass on is judged by its signature, and not refused before.',
    condition: null,
  };
}

function hostSpf(hostname: string): DomainRecord {
  return {
    kind: 'host-spf',
    level: 'advised',
    zone: 'host',
    name: hostname,
    type: 'TXT',
    value: 'v=spf1 a -all',
    why: 'The same of the host itself, which reports to senders come from (RFC 7208 §2.3).',
    condition: null,
  };
}

function dkim(key: DkimKeySummary, now: Date): readonly DomainRecord[] {
  const { publishedUntil } = key;
  if (publishedUntil !== null && publishedUntil < now) return [];
  const why = {
    made: 'A key that is to sign the mail of the domain (RFC 6376): it begins to once this record is seen.',
    active: 'By this key others see that mail is of the domain, and as it was (RFC 6376).',
    retired: `For mail on its way that this key has signed: it may go on ${publishedUntil?.toISOString().slice(0, 10)}.`,
  }[key.state];
  return [
    {
      kind: 'dkim',
      level: 'needed',
      zone: 'domain',
      name: dkimRecordName(key),
      type: 'TXT',
      value: formatDkimRecord(key.subjectPublicKeyInfo),
      why,
      condition: null,
    },
  ];
}

function dmarc(domain: string): DomainRecord {
  return {
    kind: 'dmarc',
    level: 'advised',
    zone: 'domain',
    name: `_dmarc.${domain}`,
    type: 'TXT',
    value: `v=DMARC1; p=quarantine; rua=mailto:postmaster@${domain}`,
    why: 'Others put forged mail of the domain aside, and tell you of it (RFC 9989). Once all is right: p=reject.',
    condition: null,
  };
}

function tlsReports(domain: string): DomainRecord {
  return {
    kind: 'tls-reports',
    level: 'advised',
    zone: 'domain',
    name: `_smtp._tls.${domain}`,
    type: 'TXT',
    value: `v=TLSRPTv1; rua=mailto:postmaster@${domain}`,
    why: 'Others tell you when TLS to this server fails them (RFC 8460).',
    condition: null,
  };
}

function tlsa(hostname: string, { digest, isKept }: ServerKey): DomainRecord {
  return {
    kind: 'tlsa',
    level: 'optional',
    zone: 'host',
    name: `_25._tcp.${hostname}`,
    type: 'TLSA',
    value: `3 1 1 ${digest}`,
    why: 'Others send under TLS to this key alone (DANE, RFC 7672), where the zone is signed by DNSSEC.',
    condition: isKept
      ? null
      : 'Only if the key stays when the certificate is renewed (certbot: --reuse-key), which is not known of this one: else mail stops coming then.',
  };
}

function mtaSts(domain: string, hostname: string, mode: MtaStsMode): readonly DomainRecord[] {
  const { id } = mtaStsPolicy(hostname, mode);
  return [
    {
      kind: 'mta-sts',
      level: mode === 'enforce' ? 'advised' : 'optional',
      zone: 'domain',
      name: `_mta-sts.${domain}`,
      type: 'TXT',
      value: `v=STSv1; id=${id}`,
      why: 'There is a policy by which others send under TLS alone, to the hosts that it names (RFC 8461).',
      condition: null,
    },
    {
      kind: 'mta-sts-host',
      level: 'optional',
      zone: 'domain',
      name: `mta-sts.${domain}`,
      type: 'CNAME',
      value: hostname,
      why: `Where it is: https://mta-sts.${domain}/.well-known/mta-sts.txt, under a certificate for this name.`,
      condition: null,
    },
  ];
}

function services(domain: string, { hostname, ports }: MailHost): readonly DomainRecord[] {
  return SERVICES.flatMap(([service, priority]) => {
    const port = ports[service];
    if (port === null) return [];
    return [
      {
        kind: 'service',
        level: 'optional',
        zone: 'domain',
        name: `_${service}._tcp.${domain}`,
        type: 'SRV',
        value: `${priority} 1 ${port} ${hostname}`,
        why: 'Mail programs find the service by the address alone (RFC 6186, RFC 8314 §5.1).',
        condition: null,
      } as const,
    ];
  });
}
