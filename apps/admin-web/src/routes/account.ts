import { Type } from 'typebox';
import { actorOf, ownAccount, ownSession } from '../access.ts';
import { clientContext } from '../client-context.ts';
import { LISTED_MESSAGES } from '../limits.ts';
import { askedPage, isLoginKey, linkNext, PageQuery } from '../paging.ts';
import { presentLogin } from '../present.ts';
import { Problem } from '../problem.ts';
import {
  Account,
  Logins,
  MailboxUse,
  NewPassword,
  Removed,
  RemovedMessages,
  Restore,
  Restored,
  Setup,
} from '../schemas/account.ts';
import type { Services } from '../services.ts';
import type { WebApi } from '../web-api.ts';

const access = { access: 'account' } as const;
const tags = ['account'];
const HISTORY_MS = 365 * 86_400_000;

/** What a person sees of their own account. */
export function addAccountRoutes(api: WebApi, services: Services): void {
  const { directory, store, removed, hostname, mailPorts } = services;

  api.get(
    '/api/v1/account',
    { config: access, schema: { summary: 'Your account', tags, response: { 200: Account } } },
    async (request) => {
      const { accountId, name } = ownAccount(request);
      const [addresses, aliases, quota, retention] = await Promise.all([
        directory.addresses.list(name),
        directory.aliasesOf(accountId),
        store.readQuota(accountId),
        directory.readRetention(name),
      ]);
      return {
        name,
        addresses: addresses.map(({ address }) => address),
        aliases: [...aliases],
        usedOctets: quota.use.octets,
        usedMessages: quota.use.messages,
        limitOctets: quota.limits.octets,
        limitMessages: quota.limits.messages,
        retentionDays: retention.days,
      };
    },
  );

  api.get(
    '/api/v1/account/mailboxes',
    { config: access, schema: { summary: 'What each of your mailboxes holds', tags, response: { 200: MailboxUse } } },
    async (request) => {
      const mailboxes = await store.mailboxes.list(ownAccount(request).accountId);
      return mailboxes.map(({ name, messages, unseen, octets }) => ({ name, messages, unseen, octets }));
    },
  );

  api.get(
    '/api/v1/account/setup',
    { config: access, schema: { summary: 'How to set up a mail program', tags, response: { 200: Setup } } },
    async (request) => {
      const { name } = ownAccount(request);
      const [first = null] = await directory.addresses.list(name);
      const server = (port: number | null, security: string) =>
        port === null ? [] : [{ host: hostname, port, security }];
      return {
        userName: first?.address ?? name,
        address: first?.address ?? null,
        incoming: [...server(mailPorts.imaps, 'TLS'), ...server(mailPorts.imap, 'STARTTLS')],
        outgoing: [...server(mailPorts.submissions, 'TLS'), ...server(mailPorts.submission, 'STARTTLS')],
      };
    },
  );

  api.get(
    '/api/v1/account/logins',
    {
      config: access,
      schema: {
        summary: 'Who logged in to your account, or tried',
        tags,
        querystring: PageQuery,
        response: { 200: Logins },
      },
    },
    async (request, reply) => {
      const { name: accountName } = ownAccount(request);
      const page = askedPage(request.query, isLoginKey);
      const logins = await directory.pages.logins({ ...page, accountName, since: new Date(Date.now() - HISTORY_MS) });
      linkNext(request, reply, page.limit, logins, ({ key }) => key);
      return logins.map(presentLogin);
    },
  );

  api.post(
    '/api/v1/account/password',
    {
      config: { access: 'sign-in', needsProof: true },
      schema: { summary: 'Change your password', tags, body: NewPassword, response: { 204: Type.Null() } },
    },
    async (request, reply) => {
      const { name } = ownAccount(request);
      const { sessionId } = ownSession(request);
      const attempt = directory.beginLogin(clientContext(request), 'web');
      const account = await attempt.verifyPassword(name, request.body.current);
      if (account === null) {
        await services.wait(attempt.settle('credentials'));
        throw attempt.refusal ?? new Problem(403, 'wrong-credentials', 'The current password is not right.');
      }
      await directory.as(actorOf(request)).setPassword(name, request.body.password);
      await directory.web.sessions.adoptPassword(sessionId);
      return reply.code(204).send(null);
    },
  );

  api.get(
    '/api/v1/account/removed',
    { config: access, schema: { summary: 'What can be brought back', tags, response: { 200: Removed } } },
    async (request) => {
      const { accountId } = ownAccount(request);
      const counted = await removed.count(accountId, { mailbox: null, from: null, until: null });
      return counted.map(({ name, isDeleted, messages, octets, firstRemoved, lastRemoved }) => ({
        mailbox: name,
        isDeleted,
        messages,
        octets,
        firstRemoved: firstRemoved.toISOString(),
        lastRemoved: lastRemoved.toISOString(),
      }));
    },
  );

  api.get(
    '/api/v1/account/removed/messages',
    {
      config: access,
      schema: {
        summary: 'Removed messages, the last removed first',
        tags,
        querystring: Type.Object({ mailbox: Type.Optional(Type.String({ maxLength: 1_000 })) }),
        response: { 200: RemovedMessages },
      },
    },
    async (request) => {
      const { accountId } = ownAccount(request);
      const selection = { mailbox: request.query.mailbox ?? null, from: null, until: null };
      const messages: RemovedMessages = [];
      for await (const { removedAt, mailbox, internalDate, from, subject, sizeOctets } of removed.list(
        accountId,
        selection,
      )) {
        const dates = { removedAt: removedAt.toISOString(), date: internalDate.toISOString() };
        messages.push({ ...dates, mailbox, from, subject, sizeOctets });
        if (messages.length >= LISTED_MESSAGES) break;
      }
      return messages;
    },
  );

  api.post(
    '/api/v1/account/removed/restore',
    {
      config: access,
      schema: { summary: 'Bring removed messages back', tags, body: Restore, response: { 200: Restored } },
    },
    async (request) => {
      const { accountId } = ownAccount(request);
      const { mailbox, since } = request.body;
      const from = since === undefined || since === null ? null : Date.parse(since);
      // The grammar has leap seconds (RFC 3339 §5.6), Date has none.
      if (from !== null && Number.isNaN(from)) throw new Problem(422, 'invalid', 'There is no such moment.');
      let messages = 0;
      for await (const part of removed.restore(accountId, { mailbox, from, until: null })) messages += part.messages;
      return { messages };
    },
  );
}
