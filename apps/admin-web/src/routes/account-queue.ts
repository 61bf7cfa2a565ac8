import { cancelSent, listSent, type SentEntry as Sent, showSent } from '@postel/queue';
import { Type } from 'typebox';
import { ownAccount } from '../access.ts';
import { LISTED, NAME_CHARACTERS } from '../limits.ts';
import { absent, Problem } from '../problem.ts';
import { SentDetails, SentEntries, type SentEntry } from '../schemas/account-queue.ts';
import type { Services } from '../services.ts';
import type { WebApi } from '../web-api.ts';

const config = { access: 'account' } as const;
const tags = ['account'];
const params = Type.Object({ id: Type.String({ pattern: '^[0-9]{1,15}$' }) });

/** What a person has sent to other servers, and what became of it: their own alone. */
export function addAccountQueueRoutes(api: WebApi, { database }: Services): void {
  api.get(
    '/api/v1/account/queue',
    {
      config,
      schema: {
        summary: 'What you sent that waits for other servers, the newest first',
        tags,
        querystring: Type.Object({
          finished: Type.Optional(
            Type.Literal('true', { description: 'also what is finished, as long as that is kept' }),
          ),
          message: Type.Optional(
            Type.String({ maxLength: NAME_CHARACTERS, description: 'of this message alone, as the reply called it' }),
          ),
        }),
        response: { 200: SentEntries },
      },
    },
    async (request) => {
      const { accountId } = ownAccount(request);
      const { finished, message = null } = request.query;
      const entries = await listSent(database.sql, accountId, { withHistory: finished === 'true', message }, LISTED);
      return entries.map(present);
    },
  );

  api.get(
    '/api/v1/account/queue/:id',
    { config, schema: { summary: 'One of them, with what was tried', tags, params, response: { 200: SentDetails } } },
    async (request) => {
      const found = await showSent(database.sql, ownAccount(request).accountId, Number(request.params.id));
      if (found === null) throw absent('message of yours');
      const events = found.events.map(({ at, type, reply, mta, nextAttemptAt }) => ({
        at: at.toISOString(),
        type,
        reply,
        mta,
        nextAttemptAt: nextAttemptAt?.toISOString() ?? null,
      }));
      return { ...present(found), events };
    },
  );

  api.post(
    '/api/v1/account/queue/:id/cancel',
    {
      config,
      schema: {
        summary: 'Do not send it to this recipient after all; nobody is told',
        tags,
        params,
        response: { 204: Type.Null() },
      },
    },
    async (request, reply) => {
      const { accountId } = ownAccount(request);
      const outcome = await cancelSent(database.sql, accountId, Number(request.params.id));
      if (outcome === 'absent') throw absent('message of yours');
      if (outcome === 'too-late')
        throw new Problem(409, 'too-late', 'It is being sent at this moment, or is finished.');
      return reply.code(204).send(null);
    },
  );
}

function present(sent: Sent): SentEntry {
  const { id, message, forwardPath, state, isInHand, sizeOctets, queuedAt, nextAttemptAt, finishedAt } = sent;
  const { attempts, lastReply, lastMta } = sent;
  return {
    id,
    message,
    to: forwardPath,
    state: isInHand ? 'sending' : state,
    sizeOctets,
    queuedAt: queuedAt.toISOString(),
    nextAttemptAt: nextAttemptAt?.toISOString() ?? null,
    finishedAt: finishedAt?.toISOString() ?? null,
    attempts,
    lastReply,
    lastMta,
  };
}
