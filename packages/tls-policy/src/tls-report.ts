import type { PublishedPolicy } from './decide-tls-policy.ts';
import type { FailureType } from './tls-failure.ts';

/** Sessions of a day that ended the same way. */
export interface TlsResult {
  readonly policy: PublishedPolicy;
  /** Null if all was as the policy wants it. */
  readonly failure: {
    readonly type: FailureType;
    readonly reason: string;
    /** Null if there was none yet. */
    readonly host: string | null;
    readonly address: string | null;
  } | null;
  readonly sessions: number;
}

export interface TlsReport {
  /** Ours: who reports. */
  readonly hostname: string;
  readonly contact: string;
  readonly domain: string;
  /** In UTC: `2026-11-23`. */
  readonly day: string;
  readonly results: readonly TlsResult[];
}

const DAY_SECONDS = 86_400;

/** The same for the same report, so that who gets it twice sees that. */
export function tlsReportId({ day, domain }: TlsReport): string {
  return `${day}.${domain}`;
}

/** RFC 8460 §5.1. */
export function tlsReportFileName({ hostname, domain, day }: TlsReport): string {
  const begin = Date.parse(`${day}T00:00:00Z`) / 1_000;
  return `${hostname}!${domain}!${begin}!${begin + DAY_SECONDS - 1}.json.gz`;
}

/** The report as JSON: RFC 8460 §4.4. The addresses of this machine are left out: behind a translation they are another's. */
export function formatTlsReport(report: TlsReport): string {
  const { hostname, contact, day, results } = report;
  const byPolicy = Map.groupBy(results, ({ policy }) => JSON.stringify(policy));
  return JSON.stringify({
    'organization-name': hostname,
    'date-range': { 'start-datetime': `${day}T00:00:00Z`, 'end-datetime': `${day}T23:59:59Z` },
    'contact-info': contact,
    'report-id': tlsReportId(report),
    policies: [...byPolicy.values()].map(formatPolicy),
  });
}

function formatPolicy(results: readonly TlsResult[]) {
  const [policy] = results.map((result) => result.policy);
  const count = (which: readonly TlsResult[]) => which.reduce((sum, { sessions }) => sum + sessions, 0);
  const failed = results.filter(({ failure }) => failure !== null);
  return {
    policy: {
      'policy-type': policy?.type,
      ...(policy !== undefined && policy.lines.length > 0 ? { 'policy-string': policy.lines } : {}),
      'policy-domain': policy?.domain,
      ...(policy !== undefined && policy.mx.length > 0 ? { 'mx-host': policy.mx } : {}),
    },
    summary: {
      'total-successful-session-count': count(results) - count(failed),
      'total-failure-session-count': count(failed),
    },
    ...(failed.length > 0 ? { 'failure-details': failed.map(formatFailure) } : {}),
  };
}

function formatFailure({ failure, sessions }: TlsResult) {
  return {
    'result-type': failure?.type,
    ...(failure?.host ? { 'receiving-mx-hostname': failure.host } : {}),
    ...(failure?.address ? { 'receiving-ip': failure.address } : {}),
    'failed-session-count': sessions,
    'failure-reason-code': failure?.reason,
  };
}
