import { DirectoryError, generatePassword } from '@postel/directory';
import { parseFingerprint } from '@postel/tls-pubkey';
import type { FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { actorOf } from '../access.ts';
import { edit, showVersioned } from '../edits.ts';
import { LISTED_LOGINS } from '../limits.ts';
import { presentAppPassword, presentDevice, presentLogin } from '../present.ts';
import { absent, Problem } from '../problem.ts';
import { AppPassword, Device, Logins } from '../schemas/account.ts';
import {
  AccountDetails,
  AccountRow,
  ChangedAccount,
  GivenPassword,
  MadeAccount,
  NewAccount,
} from '../schemas/admin.ts';
import type { Services } from '../services.ts';
import type { WebApi } from '../web-api.ts';

const config = { access: 'admin' } as const;
const tags = ['accounts'];
const params = Type.Object({ name: Type.String({ maxLength: 64 }) });
const HISTORY_MS = 365 * 86_400_000;

/** Accounts, as the owner of the server sees them. */
export function addAdminAccountRoutes(api: WebApi, { directory }: Services): void {
  const { tlsPublicKeys, appPasswords, quotas, submission } = directory;

  api.get(
    '/api/v1/admin/accounts',
    { config, schema: { summary: 'All accounts', tags, response: { 200: Type.Array(AccountRow) } } },
    async () => {
      const accounts = await directory.listAccounts();
      return accounts.map(({ createdAt, addresses, ...account }) => ({
        ...account,
        addresses: [...addresses],
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
      const changing = directory.as(actorOf(request));
      await changing.addAccount({ name, address, password: password ?? made });
      await changing.dkimKeys.ensure(address.slice(address.lastIndexOf('@') + 1)); // its domain may be new
      return reply.code(201).send({ name, password: made });
    },
  );

  api.get(
    '/api/v1/admin/accounts/:name',
    { config, schema: { summary: 'An account', tags, params, response: { 200: AccountDetails } } },
    async (request, reply) => showVersioned(reply, await readAccount(request.params.name)),
  );

  api.patch(
    '/api/v1/admin/accounts/:name',
    {
      config,
      schema: { summary: 'Change an account', tags, params, body: ChangedAccount, response: { 200: AccountDetails } },
    },
    (request, reply) => {
      const { name } = request.params;
      const { isDisabled, role, messagesADay, newRecipientsADay, ...quota } = request.body;
      if (isDisabled === true || role === 'account') requireOther(request, name);
      const changing = directory.as(actorOf(request));
      return edit(
        request,
        reply,
        () => readAccount(name),
        async (shown) => {
          if (role !== undefined && role !== shown.role) await changing.setRole(name, role);
          if (isDisabled !== undefined && isDisabled !== shown.isDisabled) await changing.setDisabled(name, isDisabled);
          if (Object.keys(quota).length > 0) await changing.quotas.change(name, quota);
          const sending = {
            ...(messagesADay === undefined ? {} : { messagesADay }),
            ...(newRecipientsADay === undefined ? {} : { newRecipientsADay }),
          };
          if (Object.keys(sending).length > 0) await changing.submission.change(name, sending);
        },
      );
    },
  );

  api.post(
    '/api/v1/admin/accounts/:name/password',
    {
      config,
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
      await directory.as(actorOf(request)).setPassword(name, password ?? made);
      return { name, password: made };
    },
  );

  api.post(
    '/api/v1/admin/accounts/:name/second-factor/remove',
    {
      config,
      schema: { summary: 'Turn the one-time codes of an account off', tags, params, response: { 204: Type.Null() } },
    },
    async (request, reply) => {
      await directory.as(actorOf(request)).removeSecondFactor(request.params.name);
      return reply.code(204).send(null);
    },
  );

  api.delete(
    '/api/v1/admin/accounts/:name',
    {
      config,
      schema: { summary: 'Remove an account with all its mail', tags, params, response: { 204: Type.Null() } },
    },
    async (request, reply) => {
      const { name } = request.params;
      requireOther(request, name);
      await directory.as(actorOf(request)).removeAccount(name);
      return reply.code(204).send(null);
    },
  );

  api.get(
    '/api/v1/admin/accounts/:name/devices',
    { config, schema: { summary: 'Devices of an account', tags, params, response: { 200: Type.Array(Device) } } },
    async (request) => (await tlsPublicKeys.list(request.params.name)).map(presentDevice),
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
      const fingerprint = parseFingerprint(request.params.fingerprint);
      const key = fingerprint === null ? null : await tlsPublicKeys.get(fingerprint);
      if (key === null || key.accountName !== request.params.name) throw absent('device');
      await directory.as(actorOf(request)).tlsPublicKeys.remove(key.fingerprint);
      return reply.code(204).send(null);
    },
  );

  api.get(
    '/api/v1/admin/accounts/:name/app-passwords',
    {
      config,
      schema: { summary: 'App passwords of an account', tags, params, response: { 200: Type.Array(AppPassword) } },
    },
    async (request) => (await appPasswords.list(request.params.name)).map(presentAppPassword),
  );

  api.get(
    '/api/v1/admin/accounts/:name/logins',
    { config, schema: { summary: 'Who logged in to an account, or tried', tags, params, response: { 200: Logins } } },
    async (request) => {
      const filter = { onlyFailed: false, since: new Date(Date.now() - HISTORY_MS), limit: LISTED_LOGINS };
      return (await directory.listLogins({ ...filter, accountName: request.params.name })).map(presentLogin);
    },
  );

  async function readAccount(name: string): Promise<AccountDetails> {
    const account = (await directory.listAccounts()).find((each) => each.name === name);
    if (account === undefined)
      throw new DirectoryError('no-such-account', `There is no account ${JSON.stringify(name)}`);
    const [addresses, quota, sending] = await Promise.all([
      directory.addresses.list(name),
      quotas.read(name),
      submission.read(name),
    ]);
    const { limits, isOwn } = quota;
    const amount = (of: 'octets' | 'messages' | 'mailboxes') => ({ limit: limits[of], isOwn: isOwn[of] });
    return {
      name,
      addresses: addresses.map(({ address, mailbox }) => ({ address, mailbox })),
      createdAt: account.createdAt.toISOString(),
      isDisabled: account.isDisabled,
      role: account.role,
      octets: amount('octets'),
      messages: amount('messages'),
      mailboxes: amount('mailboxes'),
      messagesADay: { limit: sending.messagesADay, isOwn: sending.isOwn.messagesADay },
      newRecipientsADay: { limit: sending.newRecipientsADay, isOwn: sending.isOwn.newRecipientsADay },
    };
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
