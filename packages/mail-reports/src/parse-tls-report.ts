import { MOST_COUNTED, NAME_CHARACTERS, REPORT_POLICIES, REPORT_ROWS } from './limits.ts';
import { ReportError } from './report-error.ts';
import { readSpan } from './report-span.ts';
import { reportedName, reportedText } from './reported-text.ts';
import type { IncomingTlsReport, ReportedTlsFailure } from './tls-report.ts';

/** Reads a report on TLS: RFC 8460 §4.4. @throws {ReportError} */
export function parseTlsReport(json: string): IncomingTlsReport {
  const report = new JsonObject(parseJson(json));
  const organization = report.text('organization-name', NAME_CHARACTERS);
  const reportId = report.text('report-id', NAME_CHARACTERS);
  if (reportId === '' || organization === '') throw new ReportError('It does not say by whom it is, or has no number');
  const range = report.object('date-range');
  let failures = 0;
  const read = report.list('policies', REPORT_POLICIES).map((policy) => {
    const one = readPolicy(policy, REPORT_ROWS - failures);
    failures += one.failures.length;
    return one;
  });
  return {
    organization,
    contact: report.text('contact-info'),
    reportId,
    ...readSpan(moment(range.text('start-datetime')), moment(range.text('end-datetime'))),
    policies: read,
  };
}

/** @param most failures */
function readPolicy(entry: JsonObject, most: number): IncomingTlsReport['policies'][number] {
  const policy = entry.object('policy');
  const summary = entry.object('summary');
  const domain = reportedName(policy.text('policy-domain'));
  if (domain === '') throw new ReportError('It does not say which domain it is about');
  return {
    type: reportedName(policy.text('policy-type')),
    domain,
    successfulSessions: summary.count('total-successful-session-count'),
    failedSessions: summary.count('total-failure-session-count'),
    failures: entry.list('failure-details', most).map(readFailure),
  };
}

function readFailure(detail: JsonObject): ReportedTlsFailure {
  return {
    type: reportedName(detail.text('result-type')),
    sessions: detail.count('failed-session-count'),
    sendingAddress: detail.text('sending-mta-ip'),
    receivingHost: reportedName(detail.text('receiving-mx-hostname')),
    receivingAddress: detail.text('receiving-ip'),
    reason: detail.text('failure-reason-code'),
    more: detail.text('additional-information'),
  };
}

/** Some leave the zone out, and mean UTC. */
function moment(text: string): Date {
  const [, day, rest = ''] = /^(\d{4}-\d\d-\d\d)(T\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)?)?$/.exec(text) ?? [];
  if (day === undefined) return new Date(Number.NaN);
  return new Date(`${day}${/(?:Z|[+-]\d\d:\d\d)$/.test(rest) ? rest : `${rest || 'T00:00:00'}Z`}`);
}

function parseJson(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    throw new ReportError('It is no JSON');
  }
}

/** An object of a stranger, of which only what is asked for by name is looked at. What is missing is empty. */
class JsonObject {
  readonly #value: Readonly<Record<string, unknown>>;

  constructor(value: unknown) {
    this.#value = isRecord(value) ? value : {};
  }

  text(name: string, most?: number): string {
    const value = this.#get(name);
    return typeof value === 'string' ? reportedText(value, most) : '';
  }

  /** @throws {ReportError} */
  count(name: string): number {
    const value = this.#get(name) ?? 0;
    const isCount = typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= MOST_COUNTED;
    if (!isCount) throw new ReportError(`${name} is no number of sessions`);
    return value;
  }

  object(name: string): JsonObject {
    return new JsonObject(this.#get(name));
  }

  /** @throws {ReportError} if it is longer */
  list(name: string, most: number): readonly JsonObject[] {
    const value = this.#get(name);
    if (!Array.isArray(value)) return [];
    if (value.length > most) throw new ReportError(`It has too many ${name}`);
    return value.map((each) => new JsonObject(each));
  }

  #get(name: string): unknown {
    return Object.hasOwn(this.#value, name) ? this.#value[name] : undefined;
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
