import type { Transaction } from '@postel/storage';
import { ROWS_A_DOMAIN, UNVERIFIED_ROWS_A_DOMAIN } from './limits.ts';
import { numberColumn, type ReportTable } from './report-heads.ts';

/** Removes the oldest reports on a domain beyond what is kept: what strangers write cannot push out what is verified. */
export async function keepRowLimits(tx: Transaction, table: ReportTable, domain: string): Promise<void> {
  const id = tx(numberColumn(table));
  await tx`
    delete from ${tx(table)} as t
     using (select ${id} as id, trust = 'unverified' as is_strange,
                   sum(row_count + 1) over (partition by trust = 'unverified' order by ends_at desc, ${id} desc) as total
              from ${tx(table)} where domain = ${domain}) as kept
     where t.${id} = kept.id
       and kept.total > case when kept.is_strange then ${UNVERIFIED_ROWS_A_DOMAIN}::bigint else ${ROWS_A_DOMAIN}::bigint end`;
}

/**
 * Makes room for a report: one that was not verified gives way to the same from somebody who is.
 *
 * @returns whether there is none like it yet
 */
export async function isNewReport(
  tx: Transaction,
  table: ReportTable,
  report: { readonly domain: string; readonly organization: string; readonly reportId: string },
  { trust, reporter }: { readonly trust: string; readonly reporter: string },
): Promise<boolean> {
  const { domain, organization, reportId } = report;
  if (trust !== 'unverified') {
    await tx`
      delete from ${tx(table)}
       where domain = ${domain} and organization = ${organization} and report_id = ${reportId} and trust = 'unverified'`;
  }
  const known = await tx`
    select from ${tx(table)}
     where domain = ${domain} and organization = ${organization} and report_id = ${reportId}
       and (${trust} in ('unverified', 'imported') or trust = 'imported' or reporter = ${reporter}) limit 1`;
  return known.length === 0;
}
