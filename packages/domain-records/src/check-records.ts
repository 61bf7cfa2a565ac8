import type { MtaStsMode } from '@postel/directory';
import { addressOctets, type DnsAnswer, lookUpAddresses, lookUpMx, type RecordData, type Resolver } from '@postel/dns';
import { evaluateSpf } from '@postel/message-auth';
import { formatTlsa } from '@postel/tls-policy';
import type { MailHost } from './domain-records.ts';
import { judgeDkim, judgeDmarc, judgeMtaSts, judgeTlsReports, type Verdict } from './judge-text.ts';
import type { DomainRecord } from './record.ts';

/**
 * `different`: there is something else, or a DNS that DNSSEC proves wrong; `unsigned`: it would have no effect, as the zone is not signed
 * by DNSSEC; `unknown`: the DNS does not answer.
 */
export type RecordState = 'right' | 'missing' | 'different' | 'unsigned' | 'unknown';

export interface CheckedRecord {
  readonly record: DomainRecord;
  readonly state: RecordState;
  /** What there is, as `record.value` has it. */
  readonly found: readonly string[];
  /** DNSSEC vouches for what was found, or for that there is nothing; null if nobody tells who is believed. */
  readonly isSigned: boolean | null;
  /** What there is to know of it; null if the state says it all. */
  readonly note: string | null;
  /** Something is to be done: mail does not come, is not taken by others, or not for what it is. */
  readonly isTrouble: boolean;
}

export interface CheckOptions {
  readonly resolver: Resolver;
  /** Its servers are believed about DNSSEC. */
  readonly knowsDnssec: boolean;
  readonly host: MailHost;
  /** Of the policy that the domain publishes; left out: testing. */
  readonly mtaSts?: MtaStsMode;
}

/** Asks the DNS about each record of a domain. Never fails: what the DNS does not say is `unknown`. */
export async function checkRecords(
  records: readonly DomainRecord[],
  options: CheckOptions,
): Promise<readonly CheckedRecord[]> {
  return await Promise.all(
    records.map(async (record) => {
      const { state, found, authentic, note = null } = await check(record, options);
      const isSigned = options.knowsDnssec ? authentic : null;
      return { record, state, found, isSigned, note, isTrouble: isTrouble(record, state) };
    }),
  );
}

function isTrouble({ level, kind }: DomainRecord, state: RecordState): boolean {
  if (level === 'needed') return state === 'missing' || state === 'different';
  return state === 'different' && (level === 'advised' || kind === 'tlsa');
}

interface Finding extends Verdict {
  readonly found: readonly string[];
  readonly authentic: boolean;
}

async function check(record: DomainRecord, options: CheckOptions): Promise<Finding> {
  const { resolver, host } = options;
  const { name, value, kind } = record;
  switch (kind) {
    case 'mx':
      return await checkMx(record, options);
    case 'address':
      return record.type === 'A'
        ? judged(await resolver.lookUp(name, 'A'), String, (found) => hasAddress(found, value))
        : judged(await resolver.lookUp(name, 'AAAA'), String, (found) => hasAddress(found, value));
    case 'reverse':
      return judged(await resolver.lookUp(name, 'PTR'), String, (found) => oneOf(found, value));
    case 'spf':
      return await checkSpf(record, `postmaster@${name}`, options);
    case 'host-spf':
      return await checkSpf(record, '', options);
    case 'dkim':
      return judged(await resolver.lookUp(name, 'TXT'), String, (found) => judgeDkim(found, value));
    case 'dmarc':
      return await checkDmarc(record, resolver);
    case 'tls-reports':
      return judged(await resolver.lookUp(name, 'TXT'), String, judgeTlsReports);
    case 'mta-sts':
      return await checkMtaSts(record, options);
    case 'mta-sts-host':
    case 'autoconfig':
      return judged(await lookUpAddresses(resolver, name), String, () => ({ state: 'right' }));
    case 'tlsa':
      return await checkTlsa(record, options);
    case 'service':
      return judged(await resolver.lookUp(name, 'SRV'), formatSrv, (_, records) => ({
        state: records.some(({ target, port }) => target === host.hostname && value.includes(` ${port} `))
          ? 'right'
          : 'different',
      }));
    default:
      return kind satisfies never;
  }
}

/** Judges what was found; what was not is `missing`. */
function judged<Data>(
  answer: DnsAnswer<Data>,
  format: (record: Data) => string,
  judge: (found: readonly string[], records: readonly Data[]) => Verdict,
): Finding {
  switch (answer.kind) {
    case 'found': {
      const found = answer.records.map(format);
      const { authentic } = answer;
      const verdict = judge(found, answer.records);
      return { ...verdict, found: verdict.state === 'missing' ? [] : found, authentic };
    }
    case 'nodata':
    case 'nxdomain':
      return { state: 'missing', found: [], authentic: answer.authentic };
    case 'temporary':
      return { state: 'unknown', found: [], authentic: false, note: `the DNS does not say: ${answer.reason}` };
    case 'bogus':
      return {
        state: 'different',
        found: [],
        authentic: false,
        note: 'its signature (DNSSEC) is wrong: to others it is not there',
      };
    default:
      return answer satisfies never;
  }
}

async function checkMx({ name }: DomainRecord, { resolver, host }: CheckOptions): Promise<Finding> {
  const { hostname } = host;
  const answer = await lookUpMx(resolver, name);
  if (answer.kind === 'null-mx') {
    const note = 'the domain says that it takes no mail (RFC 7505)';
    return { state: 'different', found: ['0 .'], authentic: answer.authentic, note };
  }
  const [alias, addresses] = await Promise.all([
    resolver.lookUp(hostname, 'CNAME'),
    lookUpAddresses(resolver, hostname),
  ]);
  return judged(
    answer,
    ({ preference, exchange }) => `${preference} ${exchange}`,
    (_, hosts) => {
      if (!hosts.some(({ exchange }) => exchange === hostname)) return { state: 'different' };
      if (alias.kind === 'found')
        return { state: 'different', note: `${hostname} is an alias, which no MX may name (RFC 2181 §10.3)` };
      if (addresses.kind === 'nodata' || addresses.kind === 'nxdomain') {
        return { state: 'different', note: `${hostname} has no address` };
      }
      const others = hosts.filter(({ exchange }) => exchange !== hostname);
      return others.length === 0
        ? { state: 'right' }
        : { state: 'right', note: `mail may go to ${others.map(({ exchange }) => exchange).join(', ')} as well` };
    },
  );
}

/** What is enforced and does not fit keeps mail away: it is looked at before others do. */
async function checkMtaSts({ name, value }: DomainRecord, { resolver, host, mtaSts }: CheckOptions): Promise<Finding> {
  const finding = judged(await resolver.lookUp(name, 'TXT'), String, (found) => judgeMtaSts(found, value));
  if (mtaSts !== 'enforce' || finding.found.length === 0) return finding;
  const notes = finding.note == null ? [] : [finding.note];
  if (host.keys.length === 0)
    notes.push(`no certificate of this server names ${host.hostname}: with enforce no mail comes`);
  const answer = await lookUpMx(resolver, name.slice('_mta-sts.'.length));
  const exchanges = answer.kind === 'found' ? answer.records.map(({ exchange }) => exchange) : [];
  const others = exchanges.filter((exchange) => exchange !== host.hostname);
  if (others.length > 0) {
    notes.push(`the policy does not name ${others.join(', ')}: with enforce no mail goes there, though MX does`);
  }
  const fits = host.keys.length > 0 && others.length === 0;
  return {
    ...finding,
    state: fits ? finding.state : 'different',
    ...(notes.length === 0 ? {} : { note: notes.join('; ') }),
  };
}

/** @param reversePath '' for what has none, which the host itself answers for */
async function checkSpf(
  { name, value }: DomainRecord,
  reversePath: string,
  { resolver, host }: CheckOptions,
): Promise<Finding> {
  const { hostname, addresses } = host;
  const answer = ofKind(await resolver.lookUp(name, 'TXT'), /^v=spf1(?: |$)/i);
  const results = await Promise.all(
    addresses.map(async (clientAddress) => ({
      clientAddress,
      ...(await evaluateSpf(resolver, { clientAddress, clientName: hostname, reversePath }, hostname)),
    })),
  );
  return judged(answer, String, (found) => {
    if (found.length > 1) return { state: 'different', note: 'there may be one alone (RFC 7208 §4.5)' };
    const failed = results.find(({ result }) => result !== 'pass');
    if (failed?.result === 'temperror') return { state: 'unknown', note: 'the DNS does not say what it refers to' };
    if (failed !== undefined)
      return { state: 'different', note: `${failed.clientAddress} does not pass: ${failed.result}` };
    if (found[0] === value || results.length > 0) return { state: 'right' };
    return { state: 'unknown', note: `it is not known whether it lets ${hostname} send: its addresses are not known` };
  });
}

/** The record of the domain, or of one above it: RFC 9989 §4.10. */
async function checkDmarc({ name }: DomainRecord, resolver: Resolver): Promise<Finding> {
  const labels = name.split('.').slice(1);
  let own: Finding | null = null;
  for (let at = 0; at < labels.length - 1; at++) {
    const domain = labels.slice(at).join('.');
    const finding = judged(
      ofKind(await resolver.lookUp(`_dmarc.${domain}`, 'TXT'), /^v=DMARC1[ \t]*(?:;|$)/),
      String,
      judgeDmarc,
    );
    own ??= finding;
    if (finding.state === 'missing') continue;
    return at === 0 ? finding : { ...finding, note: finding.note ?? `that of ${domain}` };
  }
  return own ?? { state: 'missing', found: [], authentic: false };
}

async function checkTlsa({ name, value }: DomainRecord, options: CheckOptions): Promise<Finding> {
  const { resolver, host, knowsDnssec } = options;
  const answer = await resolver.lookUp(name, 'TLSA');
  const finding = judged(answer, formatTlsa, (found) => {
    if (found.includes(value)) return { state: 'right' };
    // Of several keys each has a record; only where none fits does nothing come.
    if (host.keys.some(({ digest }) => found.includes(`3 1 1 ${digest}`))) return { state: 'missing' };
    return { state: 'different', note: 'no certificate of this server fits: others that go by it do not send' };
  });
  if (!knowsDnssec || finding.authentic || finding.state === 'unknown' || answer.kind === 'bogus') return finding;
  return { ...finding, state: 'unsigned', note: 'the zone is not signed by DNSSEC: nobody goes by it' };
}

/** Other texts of the same name are of no interest. */
function ofKind(answer: DnsAnswer<string>, kind: RegExp): DnsAnswer<string> {
  if (answer.kind !== 'found') return answer;
  const records = answer.records.filter((text) => kind.test(text));
  const { authentic } = answer;
  return records.length === 0 ? { kind: 'nodata', authentic } : { kind: 'found', records, authentic };
}

function oneOf(found: readonly string[], value: string): Verdict {
  return { state: found.includes(value) ? 'right' : 'different' };
}

function hasAddress(found: readonly string[], value: string): Verdict {
  const octets = addressOctets(value);
  return {
    state: found.some((each) => octets?.equals(addressOctets(each) ?? Buffer.alloc(0))) ? 'right' : 'different',
  };
}

function formatSrv({ priority, weight, port, target }: RecordData['SRV']): string {
  return `${priority} ${weight} ${port} ${target === '' ? '.' : target}`;
}
