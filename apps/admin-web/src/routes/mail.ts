import {
  findTrace,
  LISTED_MAIL,
  listMail,
  listOwnMail,
  type MailList,
  type MailPage,
  OUTCOMES,
  outcomeWords,
  parseCursor,
  parseSought,
  replyWords,
  type Trace,
} from '@postel/mail-trace';
import { type Static, Type } from 'typebox';
import { ownAccount } from '../access.ts';
import { absent, Problem } from '../problem.ts';
import { MailEntries, MailQuery, MailTrace, OwnMailQuery } from '../schemas/mail.ts';
import type { Services } from '../services.ts';
import type { WebApi } from '../web-api.ts';

const tags = ['mail'];
const Name = Type.Object({ name: Type.String({ minLength: 1, maxLength: 80 }) });
/** Of what is looked for; more of them nobody has. */
const MOST_WORDS = 4;

/** What became of messages: of all for who administers the server, of its own for each account. */
export function addMailRoutes(api: WebApi, { database }: Services): void {
  const { sql } = database;

  api.get(
    '/api/v1/admin/mail',
    {
      config: { access: 'admin' },
      schema: { summary: 'What became of messages', tags, querystring: MailQuery, response: { 200: MailEntries } },
    },
    async ({ query }) => {
      const { also: all, ...page } = pageOf(query);
      const [keys = [], ...also] = all;
      return presentList(await listMail(sql, { ...page, keys, also }));
    },
  );

  api.get(
    '/api/v1/admin/mail/:name',
    {
      config: { access: 'admin' },
      schema: { summary: 'The way of one message', tags, params: Name, response: { 200: MailTrace } },
    },
    async ({ params }) => presentTrace(await findTrace(sql, params.name, { type: 'admin' })),
  );

  api.get(
    '/api/v1/account/mail',
    {
      config: { access: 'account' },
      schema: {
        summary: 'What became of messages that came for you, or that you sent',
        tags,
        querystring: OwnMailQuery,
        response: { 200: MailEntries },
      },
    },
    async (request) => {
      const { direction } = request.query;
      const { accountId } = ownAccount(request);
      return presentList(await listOwnMail(sql, accountId, { ...pageOf(request.query), direction }));
    },
  );

  api.get(
    '/api/v1/account/mail/:name',
    {
      config: { access: 'account' },
      schema: { summary: 'The way of one message of yours', tags, params: Name, response: { 200: MailTrace } },
    },
    async (request) => {
      const { accountId } = ownAccount(request);
      return presentTrace(await findTrace(sql, request.params.name, { type: 'account', account: accountId }));
    },
  );
}

/** @throws {Problem} what is none of it */
function pageOf({ q = '', outcome, since, until, after }: Static<typeof MailQuery>): Omit<MailPage, 'keys'> {
  const words = q.split(/\s+/).filter((word) => word !== '');
  const also = words.map(parseSought);
  if (also.length > MOST_WORDS || also.some((keys) => keys.length === 0)) {
    throw new Problem(422, 'invalid', 'Look for addresses, a Message-ID, an IP address or an id, four at most.');
  }
  const cursor = after === undefined ? null : parseCursor(after);
  if (after !== undefined && cursor === null) throw new Problem(422, 'invalid', 'There is no such page.');
  return {
    also,
    outcomes: outcome === undefined ? null : OUTCOMES[outcome],
    since: moment(since),
    until: moment(until),
    after: cursor,
    limit: LISTED_MAIL,
  };
}

function moment(text: string | undefined): Date | null {
  if (text === undefined) return null;
  const at = new Date(text);
  if (Number.isNaN(at.getTime())) throw new Problem(422, 'invalid', 'That is no moment.');
  return at;
}

function presentList({ rows, next }: MailList): MailEntries {
  return {
    rows: rows.map((row) => ({
      transactionId: row.transactionId,
      recipientNo: row.recipientNo,
      at: row.settledAt.toISOString(),
      count: row.count,
      message: row.message,
      reversePath: row.reversePath,
      recipient: row.recipient,
      destination: row.destination,
      account: row.account,
      sender: row.sender,
      client: row.client,
      sizeOctets: row.sizeOctets,
      outcome: row.outcome,
      state: outcomeWords[row.outcome],
      reply: replyWords(row),
    })),
    next,
  };
}

/** @throws {Problem} 404, whoever's it is */
function presentTrace(trace: Trace | null): MailTrace {
  if (trace === null) throw absent('message, or nothing is kept of it any more');
  const { transactionId, message, messageId, reversePath, sender, sizeOctets, client, hasMore } = trace;
  return {
    transactionId,
    beganAt: trace.beganAt.toISOString(),
    message,
    messageId,
    reversePath,
    sender,
    sizeOctets,
    client,
    recipients: trace.recipients.map((recipient) => ({ ...recipient })),
    hasMore,
    events: trace.events.map(({ at, type, text, details }) => ({
      at: at.toISOString(),
      type,
      text,
      details: [...details],
    })),
  };
}
