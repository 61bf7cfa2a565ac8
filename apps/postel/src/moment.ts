import { UsageError } from './command-error.ts';

const UNIT_MS = { m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const;
const SPAN = /^(\d{1,6})([mhdw])$/;
const DAY = /^\d{4}-\d\d-\d\d$/;
const DAY_AND_TIME = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d(?::\d\d(?:\.\d+)?)?)(Z|[+-]\d\d:\d\d)?$/;

/** For the help of every command that takes one. */
export const MOMENT_HELP =
  '2026-11-22, 2026-11-22T18:30 (local time; or with Z, +01:00), or so long ago: 30m, 2h, 3d, 1w';

/**
 * A moment as people write it: see MOMENT_HELP.
 *
 * @returns epoch ms
 * @throws {UsageError}
 */
export function parseMoment(option: string, text: string, now = Date.now()): number {
  const at = momentOf(text, (span) => now - span);
  if (Number.isNaN(at)) throw new UsageError(`--${option} takes a moment: ${MOMENT_HELP}`);
  return at;
}

/** For the help of every command that takes one. */
export const UNTIL_HELP =
  '2027-06-30 (when that day begins), 2027-06-30T18:30 (local time; or with Z, +01:00), or after so long: 12h, 90d, 52w';

/**
 * The moment until when something is good, as people write it: see UNTIL_HELP.
 *
 * @returns epoch ms
 * @throws {UsageError}
 */
export function parseUntil(option: string, text: string, now = Date.now()): number {
  const at = momentOf(text, (span) => now + span);
  if (!(at > now)) throw new UsageError(`--${option} takes a moment to come: ${UNTIL_HELP}`);
  return at;
}

/** Epoch ms; NaN if it is none. */
function momentOf(text: string, whenIs: (spanMs: number) => number): number {
  const [, count, unit] = SPAN.exec(text) ?? [];
  if (count !== undefined && isUnit(unit)) return whenIs(Number(count) * UNIT_MS[unit]);
  const [, day, time, zone = ''] = DAY_AND_TIME.exec(text) ?? [];
  // Without a zone JavaScript takes a time of day as local, but a mere date as UTC.
  return Date.parse(day === undefined ? (DAY.test(text) ? `${text}T00:00` : '') : `${day}T${time}${zone}`);
}

const isUnit = (unit: string | undefined): unit is keyof typeof UNIT_MS => unit !== undefined && unit in UNIT_MS;

/** To the minute, in local time. */
export function formatMoment(moment: Date): string {
  const two = (value: number) => String(value).padStart(2, '0');
  const day = `${moment.getFullYear()}-${two(moment.getMonth() + 1)}-${two(moment.getDate())}`;
  return `${day} ${two(moment.getHours())}:${two(moment.getMinutes())}`;
}
