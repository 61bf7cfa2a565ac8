import { generatePassword, type ManagedDirectory, type Role } from '@postel/directory';
import { parseFingerprint } from '@postel/tls-pubkey';
import type { FastifyRequest } from 'fastify';
import { type Static, Type } from 'typebox';
import { administratorOf, manage, ownersOnly, requireProof, requireTheirs } from '../access.ts';
import { readAccountDetails, requireAllowedLimits } from '../account-details.ts';
import { edit, showVersioned } from '../edits.ts';
import { askedPage, isLoginKey, isText, linkNext, PageQuery } from '../paging.ts';
import { presentAppPassword, presentDevice, presentLogin } from '../present.ts';
import { absent, Problem } from '../problem.ts';
import { AppPassword, Device, Logins } from '../schemas/account.ts';
import {
  AccountDetails,
  AccountRow,
  AccountUse,
  ChangedAccount,
  GivenPassword,
  MadeAccount,
  NewAccount,
} from '../schemas/admin.ts';
import type { Services } from '../services.ts';
import type { WebApi } from '../web-api.ts';

const config = { access: 'domains' } as const;
/** What cannot be taken back, or lets somebody in. */
const proving = { access: 'domains', needsProof: true } as const;
const tags = ['accounts'];
const params = Type.Object({ name: Type.String({ maxLength: 64 }) });
const HISTORY_MS = 365 * 86_400_000;

/** Accounts, as the owner of the server sees them, and whoever administers their domains. */
export function addAdminAccountRoutes(api: WebApi, { directory }: Services): void {
  const { tlsPublicKeys, appPasswords } = directory;
  const requireAccount = (request: FastifyRequest, name: string) =>
    requireTheirs(directory, request, { account: name });

  api.get(
    '/api/v1/admin/accounts',
    {
      config,
      schema: { summary: 'Accounts', tags, querystring: PageQuery, response: { 200: Type.Array(AccountRow) } },
    },
    async (request, reply) => {
      const page = askedPage(request.query, isText);
      const accounts = await directory.pages.accounts({ ...page, administrator: administratorOf(request) });
      linkNext(request, reply, page.limit, accounts, ({ name }) => name);
      return accounts.map(({ createdAt, addresses, administers, ...account }) => ({
        ...account,
        addresses: [...addresses],
        administers: [...administers],
        createdAt: createdAt.toISOString(),
      }));
    },
  );

  api.post(
    '/api/v1/admin/accounts',
    { config, schema: { summary: 'Add an account', tags, body: NewAccount, response: { 201: MadeAccount } } },
    async (request, reply) => {
      const { name, address, password } = request.body;
      const made = password === undefined ? generatePassword() : null;
      const changing = await manage(directory, request, { newAddress: address });
      await changing.addAccount({ name, address, password: password ?? made });
      await changing.dkimKeys.ensure(address.slice(address.lastIndexOf('@') + 1)); // its domain may be new
      return reply.code(201).send({ name, password: made });
    },
  );

  api.get(
    '/api/v1/admin/accounts/:name',
    { config, schema: { summary: 'An account', tags, params, response: { 200: AccountDetails } } },
    async (request, reply) => {
      const { name } = request.params;
      await requireAccount(request, name);
      return showVersioned(reply, await readAccountDetails(directory, name));
    },
  );

  api.patch(
    '/api/v1/admin/accounts/:name',
    {
      config,
      schema: { summary: 'Change an account', tags, params, body: ChangedAccount, response: { 200: AccountDetails } },
    },
    async (request, reply) => {
      const { name } = request.params;
      const { body } = request;
      const { isDisabled, role, administers } = body;
      const isOfRole = role !== undefined || administers !== undefined;
      const isOfRetention = body.retentionDays !== undefined || body.retentionOctets !== undefined;
      const isOwner = administratorOf(request) === null;
      const changing = await manage(directory, request, { account: name });
      if (!isOwner && (isOfRole || isOfRetention)) throw ownersOnly();
      if (isOfRole) requireProof(request);
      if (isDisabled === true || (role !== undefined && role !== 'owner')) requireOther(request, name);
      return await edit(request, reply, {
        directory: changing,
        read: (now) => readAccountDetails(now, name),
        async change(now, shown) {
          if (!isOwner) await requireAllowedLimits(now, shown, body);
          if (isOfRole)
            await now.setRole(name, role ?? shown.role, roleDomains(role ?? shown.role, administers, shown));
          if (isDisabled !== undefined && isDisabled !== shown.isDisabled) await now.setDisabled(name, isDisabled);
          await changeLimits(now, name, body);
        },
      });
    },
  );

  api.get(
    '/api/v1/admin/accounts/:name/use',
    { config, schema: { summary: 'What an account holds', tags, params, response: { 200: AccountUse } } },
    async (request) => {
      const { name } = request.params;
      await requireAccount(request, name);
      const { use, limits } = await directory.quotas.read(name);
      return { ...use, limitOctets: limits.octets, limitMessages: limits.messages };
    },
  );

  api.post(
    '/api/v1/admin/accounts/:name/password',
    {
      config: proving,
      schema: {
        summary: 'Give an account another password',
        tags,
        params,
        body: GivenPassword,
        response: { 200: MadeAccount },
      },
    },
    async (request) => {
      const { name } = request.params;
      const { password } = request.body;
      const made = password === undefined ? generatePassword() : null;
      const changing = await manage(directory, request, { account: name });
      await changing.setPassword(name, password ?? made);
      return { name, password: made };
    },
  );

  api.post(
    '/api/v1/admin/accounts/:name/second-factor/remove',
    {
      config: proving,
      schema: { summary: 'Turn the one-time codes of an account off', tags, params, response: { 204: Type.Null() } },
    },
    async (request, reply) => {
      const { name } = request.params;
      const changing = await manage(directory, request, { account: name });
      await changing.removeSecondFactor(name);
      return reply.code(204).send(null);
    },
  );

  api.delete(
    '/api/v1/admin/accounts/:name',
    {
      config: proving,
      schema: { summary: 'Remove an account with all its mail', tags, params, response: { 204: Type.Null() } },
    },
    async (request, reply) => {
      const { name } = request.params;
      const changing = await manage(directory, request, { account: name });
      requireOther(request, name);
      await changing.removeAccount(name);
      return reply.code(204).send(null);
    },
  );

  api.get(
    '/api/v1/admin/accounts/:name/devices',
    { config, schema: { summary: 'Devices of an account', tags, params, response: { 200: Type.Array(Device) } } },
    async (request) => {
      const { name } = request.params;
      await requireAccount(request, name);
      return (await tlsPublicKeys.list(name)).map(presentDevice);
    },
  );

  api.delete(
    '/api/v1/admin/accounts/:name/devices/:fingerprint',
    {
      config,
      schema: {
        summary: 'Remove a device of an account',
        tags,
        params: Type.Object({ ...params.properties, fingerprint: Type.String({ maxLength: 128 }) }),
        response: { 204: Type.Null() },
      },
    },
    async (request, reply) => {
      const changing = await manage(directory, request, { account: request.params.name });
      const fingerprint = parseFingerprint(request.params.fingerprint);
      const key = fingerprint === null ? null : await tlsPublicKeys.get(fingerprint);
      if (key === null || key.accountName !== request.params.name) throw absent('device');
      await changing.tlsPublicKeys.remove(key.fingerprint);
      return reply.code(204).send(null);
    },
  );

  api.get(
    '/api/v1/admin/accounts/:name/app-passwords',
    {
      config,
      schema: { summary: 'App passwords of an account', tags, params, response: { 200: Type.Array(AppPassword) } },
    },
    async (request) => {
      const { name } = request.params;
      await requireAccount(request, name);
      return (await appPasswords.list(name)).map(presentAppPassword);
    },
  );

  api.delete(
    '/api/v1/admin/accounts/:name/app-passwords/:title',
    {
      config,
      schema: {
        summary: 'Remove an app password of an account',
        tags,
        params: Type.Object({ ...params.properties, title: Type.String({ maxLength: 400 }) }),
        response: { 204: Type.Null() },
      },
    },
    async (request, reply) => {
      const { name, title } = request.params;
      const changing = await manage(directory, request, { account: name });
      await changing.appPasswords.remove(name, title);
      return reply.code(204).send(null);
    },
  );

  api.get(
    '/api/v1/admin/accounts/:name/logins',
    {
      config,
      schema: {
        summary: 'Who logged in to an account, or tried',
        tags,
        params,
        querystring: PageQuery,
        response: { 200: Logins },
      },
    },
    async (request, reply) => {
      const { name } = request.params;
      await requireAccount(request, name);
      const page = askedPage(request.query, isLoginKey);
      const since = new Date(Date.now() - HISTORY_MS);
      const logins = await directory.pages.logins({ ...page, accountName: name, since });
      linkNext(request, reply, page.limit, logins, ({ key }) => key);
      return logins.map(presentLogin);
    },
  );
}

/** Domains go with the role: they stay where neither is said. */
function roleDomains(role: Role, said: readonly string[] | undefined, shown: AccountDetails): readonly string[] {
  return said ?? (role === 'domain-admin' ? shown.administers : []);
}

async function changeLimits(directory: ManagedDirectory, name: string, change: Static<typeof ChangedAccount>) {
  const { octets, messages, mailboxes, messagesADay, newRecipientsADay, messageOctets, keepsSent } = change;
  const isSaid = (values: readonly unknown[]) => values.some((value) => value !== undefined);
  if (isSaid([octets, messages, mailboxes])) {
    await directory.quotas.change(name, {
      ...(octets !== undefined && { octets }),
      ...(messages !== undefined && { messages }),
      ...(mailboxes !== undefined && { mailboxes }),
    });
  }
  if (isSaid([messagesADay, newRecipientsADay, messageOctets, keepsSent])) {
    await directory.submission.change(name, {
      ...(messagesADay !== undefined && { messagesADay }),
      ...(newRecipientsADay !== undefined && { newRecipientsADay }),
      ...(messageOctets !== undefined && { messageOctets }),
      ...(keepsSent !== undefined && { keepsSent }),
    });
  }
  const { retentionDays: days, retentionOctets: limitOctets } = change;
  if (isSaid([days, limitOctets])) {
    await directory.changeRetention(name, {
      ...(days !== undefined && { days }),
      ...(limitOctets !== undefined && { limitOctets }),
    });
  }
}

/** Who took away what they administer with could not give it back. */
function requireOther({ principal }: FastifyRequest, name: string): void {
  if (principal?.name !== name) return;
  throw new Problem(
    409,
    'own-account',
    'This is your own account: you would lock yourself out. Let another owner do it.',
  );
}
