import type { Iprev } from '@postel/dns';
import { RESULTS_OCTETS, VALUE_OCTETS } from './limits.ts';
import type { ArcResult, DkimResult, DmarcResult, Envelope, MessageResults, SpfResult } from './results.ts';

export interface Findings extends MessageResults {
  readonly iprev: Iprev;
}

/** RFC 2045 §5.1. */
const TOKEN = /^[!#$%&'*+\-.0-9A-Z^_`a-z{|}~]+$/;
/** RFC 5322 §3.2.3. */
const DOT_ATOM = /^[!#$%&'*+\-/0-9=?A-Z^_`a-z{|}~]+(?:\.[!#$%&'*+\-/0-9=?A-Z^_`a-z{|}~]+)*$/;
const LINE_OCTETS = 78;

/**
 * Authentication-Results: RFC 8601 §2.2, each result on a line of its own; in one field, as they are of one server. Whatever
 * comes from the message or the DNS is a value that is quoted where it has to be, and can end neither it nor the field.
 *
 * @param hostname ours, the authserv-id
 */
export function authenticationResults(hostname: string, { clientAddress }: Envelope, findings: Findings): string {
  const { iprev, spf, dkim, arc, dmarc } = findings;
  const others = [iprevInfo(iprev, clientAddress), spfInfo(spf), dmarcInfo(dmarc), arcInfo(arc)];
  const signatures = dkim.length === 0 ? ['dkim=none'] : dkim.map(dkimInfo);
  let left = RESULTS_OCTETS - others.reduce((sum, { length }) => sum + length, 0);
  // One of those that pass says more than any that does not.
  const byWorth = signatures.toSorted((a, b) => Number(b.startsWith('dkim=pass')) - Number(a.startsWith('dkim=pass')));
  const kept = new Set(
    byWorth.filter(({ length }) => {
      left -= length;
      return left >= 0;
    }),
  );
  const results = [others[0], others[1], ...signatures.filter((one) => kept.has(one)), others[2], others[3]];
  return `Authentication-Results: ${hostname};\r\n\t${results.join(';\r\n\t')}\r\n`;
}

/** RFC 8601 §2.7.3. */
function iprevInfo({ result, name }: Iprev, clientAddress: string): string {
  return info('iprev', result, null, [['policy.iprev', clientAddress]]) + (name === null ? '' : ` ${comment(name)}`);
}

/** RFC 8601 §2.7.2; of MAIL FROM its domain, which is what was checked. */
function spfInfo({ result, identity, domain }: SpfResult): string {
  return info('spf', result, null, [[`smtp.${identity}`, domain]]);
}

/** RFC 8601 §2.7.1, RFC 6008 §4. */
function dkimInfo({ result, reason, domain, selector, algorithm, signature }: DkimResult): string {
  return info('dkim', result, reason, [
    ['header.d', domain],
    ['header.s', selector],
    ['header.a', algorithm],
    ['header.b', signature],
  ]);
}

/** RFC 9989 §9.1. */
function dmarcInfo({ result, reason, domain, policy }: DmarcResult): string {
  const applied: readonly (readonly [string, string])[] = result === 'fail' ? [['policy.dmarc', policy]] : [];
  return info('dmarc', result, reason, [['header.from', domain ?? ''], ...applied]);
}

/** RFC 8617 §10.1. */
function arcInfo({ result, reason }: ArcResult): string {
  return info('arc', result, reason, []);
}

function info(
  method: string,
  result: string,
  reason: string | null,
  properties: readonly (readonly [name: string, value: string])[],
): string {
  const parts = [
    `${method}=${result}`,
    ...(reason === null ? [] : [`reason=${quoted(reason)}`]),
    ...properties.filter(([, value]) => value !== '').map(([name, value]) => `${name}=${propertyValue(value)}`),
  ];
  return fold(parts);
}

/** Joins with spaces, or ends of lines where they grow too long. */
function fold(parts: readonly string[]): string {
  let text = '';
  let column = 8;
  for (const part of parts) {
    if (text === '') text = part;
    else if (column + 1 + part.length > LINE_OCTETS) {
      text += `\r\n\t\t${part}`;
      column = 16;
    } else text += ` ${part}`;
    column += part.length + 1;
  }
  return text;
}

function propertyValue(text: string): string {
  const short = plain(text);
  return TOKEN.test(short) ? short : quoted(short);
}

/** RFC 5322 §3.2.4. */
function quoted(text: string): string {
  return `"${plain(text).replace(/["\\]/g, '\\$&')}"`;
}

/** RFC 5322 §3.2.2: of words and names of hosts, without what programs that take comments apart may stumble over. */
function comment(text: string): string {
  return `(${plain(text).replace(/[()\\";]/g, '?')})`;
}

/** Printable ASCII, and not much of it. */
function plain(text: string): string {
  return text.slice(0, VALUE_OCTETS).replace(/[^ -~]/g, '?');
}

/**
 * Received-SPF: RFC 7208 §9.1.
 *
 * @param hostname ours
 */
export function receivedSpf(hostname: string, envelope: Envelope, { result, identity, domain }: SpfResult): string {
  const { clientAddress, clientName, reversePath } = envelope;
  const pairs = [
    ['client-ip', clientAddress],
    ['envelope-from', reversePath],
    ['helo', clientName],
    ['receiver', hostname],
    ['identity', identity],
  ].map(([key = '', value = '']) => `${key}=${dotAtomOrQuoted(value)}`);
  const says = `${hostname}: ${sentences[result](plain(domain), clientAddress)}`;
  return `Received-SPF: ${result} ${comment(says)}\r\n\t${pairs.join(';\r\n\t')}\r\n`;
}

const sentences: { readonly [Result in SpfResult['result']]: (domain: string, address: string) => string } = {
  pass: (domain, address) => `${domain} designates ${address} as permitted sender`,
  fail: (domain, address) => `${domain} does not designate ${address} as permitted sender`,
  softfail: (domain, address) => `${domain} does not designate ${address} as permitted sender, and is in transition`,
  neutral: (domain, address) => `${domain} neither permits nor denies ${address}`,
  none: (domain) => `${domain} designates no permitted senders`,
  temperror: (domain) => `the policy of ${domain} could not be looked up`,
  permerror: (domain) => `the policy of ${domain} cannot be understood`,
};

function dotAtomOrQuoted(text: string): string {
  const short = plain(text);
  return DOT_ATOM.test(short) ? short : quoted(short);
}
