import { MOST_DAYS } from './limits.ts';
import { ReportError } from './report-error.ts';

const DAY_MS = 86_400_000;
/** Nobody wrote reports before. */
const FIRST = Date.UTC(2010, 0, 1);
const LAST = Date.UTC(2200, 0, 1);

/** What a report tells of. @throws {ReportError} if that is no span of time */
export function readSpan(begin: Date, end: Date): { readonly begin: Date; readonly end: Date } {
  const isSpan =
    begin.getTime() >= FIRST &&
    end.getTime() <= LAST &&
    begin <= end &&
    end.getTime() - begin.getTime() <= MOST_DAYS * DAY_MS;
  if (!isSpan) throw new ReportError('It does not say which days it is about');
  return { begin, end };
}
