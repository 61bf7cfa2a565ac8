import type { DmarcReport, DmarcRow, PublishedPolicy } from '@postel/mail-reports';
import type { DayOfResults } from './result-table.ts';

/** As an MX has counted it, in JSON. */
interface CountedRow {
  readonly policy: PublishedPolicy;
  readonly row: Omit<DmarcRow, 'messages'>;
}

const DAY_SECONDS = 86_400;

/** A day of results as the report on it. Of a policy that changed that day it names the one that most mail came under. */
export function dmarcReportOf(
  { day, domain, results }: DayOfResults,
  { organization, email }: Pick<DmarcReport, 'organization' | 'email'>,
): DmarcReport {
  const begin = new Date(`${day}T00:00:00Z`);
  const counted = results.map(({ detail, count }) => ({ ...readRow(detail), count }));
  const rows = new Map<string, DmarcRow>();
  for (const { row, count } of counted) {
    const key = JSON.stringify(row);
    rows.set(key, { ...row, messages: count + (rows.get(key)?.messages ?? 0) });
  }
  const policies = Map.groupBy(counted, ({ policy }) => JSON.stringify(policy));
  const sums = [...policies.values()].map((same) => ({
    policy: same[0]?.policy,
    count: same.reduce((sum, { count }) => sum + count, 0),
  }));
  const [most] = sums.toSorted((a, b) => b.count - a.count);
  return {
    organization,
    email,
    reportId: `${day}.${domain}@${organization}`,
    begin,
    end: new Date(begin.getTime() + (DAY_SECONDS - 1) * 1_000),
    policy: most?.policy ?? { domain, adkim: 'r', aspf: 'r', p: 'none', sp: 'none', fo: '0' },
    rows: [...rows.values()],
  };
}

function readRow(detail: string): CountedRow {
  return JSON.parse(detail);
}
