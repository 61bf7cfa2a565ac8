import type { FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { LISTED, MOST_LISTED, SEARCH_CHARACTERS } from './limits.ts';
import { Problem } from './problem.ts';

/** What every long list takes. */
export const PageQuery = Type.Object({
  limit: Type.Optional(Type.String({ pattern: '^[0-9]{1,4}$', description: `how many, up to ${MOST_LISTED}` })),
  cursor: Type.Optional(
    Type.String({ maxLength: 2_000, description: 'where to go on: of the `next` in the `Link` of the part before' }),
  ),
  search: Type.Optional(Type.String({ maxLength: SEARCH_CHARACTERS, description: 'part of a name, in any case' })),
});

interface AskedPage {
  readonly limit?: string;
  readonly cursor?: string;
  readonly search?: string;
}

type KeyPart = string | number;

/** A part of a long list, as it is asked for. */
interface Page<Key> {
  readonly limit: number;
  readonly after: Key | null;
  readonly search: string | null;
}

/** @param isKey whether something is a key of the list: people may write what they like @throws {Problem} 422 */
export function askedPage<Key extends KeyPart | readonly KeyPart[]>(
  { limit, cursor, search }: AskedPage,
  isKey: (value: unknown) => value is Key,
): Page<Key> {
  const number = limit === undefined ? LISTED : Number(limit);
  if (number < 1 || number > MOST_LISTED) throw new Problem(422, 'invalid', `limit is 1 to ${MOST_LISTED}.`);
  if (search?.includes('\u0000') === true) throw new Problem(422, 'invalid', 'This is nothing to search for.');
  return {
    limit: number,
    after: cursor === undefined ? null : readCursor(cursor, isKey),
    search: search?.trim() || null,
  };
}

function readCursor<Key>(cursor: string, isKey: (value: unknown) => value is Key): Key {
  const wrong = () => new Problem(422, 'invalid', 'This cursor is none of this list: begin without one.');
  let key: unknown;
  try {
    key = JSON.parse(Buffer.from(cursor, 'base64url').toString());
  } catch {
    throw wrong();
  }
  if (!isKey(key)) throw wrong();
  return key;
}

/**
 * Says where the list goes on, if it may (RFC 8288): in `Link`, so that what is answered stays a list.
 *
 * @param rows the part
 * @param keyOf the last row's key
 */
export function linkNext<Row>(
  request: FastifyRequest,
  reply: FastifyReply,
  limit: number,
  rows: readonly Row[],
  keyOf: (row: Row) => unknown,
): void {
  const last = rows.at(-1);
  if (last === undefined || rows.length < limit) return;
  const url = new URL(request.url, 'http://localhost');
  url.searchParams.set('cursor', Buffer.from(JSON.stringify(keyOf(last))).toString('base64url'));
  reply.header('link', `<${url.pathname}${url.search}>; rel="next"`);
}

/** Postgres has no NUL in texts. */
export const isText = (value: unknown): value is string => typeof value === 'string' && !value.includes('\u0000');

export const isNumber = (value: unknown): value is number => Number.isSafeInteger(value);
export const isPair = (value: unknown): value is readonly [string, string] =>
  Array.isArray(value) && value.length === 2 && value.every(isText);
/** As Postgres writes them; it takes none that the calendar does not have. */
const MOMENT = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)(?:\.\d{1,6})?[+-](?:0\d|1[0-5])(?::[0-5]\d)?$/;
function isMoment(value: unknown): boolean {
  const [, day = '', time] = (isText(value) ? MOMENT.exec(value) : null) ?? [];
  const at = new Date(`${day}T${time}Z`);
  return !Number.isNaN(at.getTime()) && at.toISOString().startsWith(day) && !day.startsWith('0000');
}
const isHex = (value: unknown) => isText(value) && /^(?:[0-9a-f]{2}){1,64}$/.test(value);
export const isLoginKey = (value: unknown): value is readonly [string, string, string] =>
  Array.isArray(value) && value.length === 3 && isMoment(value[0]) && isMoment(value[1]) && isHex(value[2]);
