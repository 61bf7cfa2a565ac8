import type { Directory } from '@postel/directory';
import type { FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { actorOf, administratorOf, manage, ownersOnly, requireTheirs } from '../access.ts';
import { edit, showVersioned } from '../edits.ts';
import { NAME_CHARACTERS } from '../limits.ts';
import { askedPage, isPair, linkNext, PageQuery } from '../paging.ts';
import { absent, Problem } from '../problem.ts';
import {
  Address,
  Alias,
  AliasDetails,
  ChangedAddress,
  ChangedAlias,
  ChangedDomain,
  Domain,
  NewAddress,
  NewAlias,
  NewDomain,
} from '../schemas/admin.ts';
import type { Services } from '../services.ts';
import type { WebApi } from '../web-api.ts';

const config = { access: 'domains' } as const;
const forOwners = { access: 'admin' } as const;
const gone = { 204: Type.Null() } as const;
const ByName = Type.Object({ name: Type.String({ maxLength: NAME_CHARACTERS }) });
const ByAddress = Type.Object({ address: Type.String({ maxLength: NAME_CHARACTERS }) });

/** Domains, addresses and aliases. */
export function addAdminAddressRoutes(api: WebApi, services: Services): void {
  addDomainRoutes(api, services);
  addAddressRoutes(api, services);
  addAliasRoutes(api, services);
}

function addDomainRoutes(api: WebApi, { directory }: Services): void {
  const tags = ['domains'];

  api.get(
    '/api/v1/admin/domains',
    { config, schema: { summary: 'Local domains', tags, response: { 200: Type.Array(Domain) } } },
    async (request) => {
      const domains = await directory.pages.domains(administratorOf(request));
      return domains.map((domain) => ({ ...domain }));
    },
  );

  api.post(
    '/api/v1/admin/domains',
    { config: forOwners, schema: { summary: 'Make a domain local', tags, body: NewDomain, response: gone } },
    async (request, reply) => {
      await directory.as(actorOf(request)).addDomain(request.body.name);
      return reply.code(204).send(null);
    },
  );

  api.get(
    '/api/v1/admin/domains/:name',
    { config, schema: { summary: 'A domain', tags, params: ByName, response: { 200: Domain } } },
    async (request, reply) => {
      const { name } = request.params;
      await requireTheirs(directory, request, { domain: name });
      return showVersioned(reply, await readDomain(directory, name));
    },
  );

  api.patch(
    '/api/v1/admin/domains/:name',
    {
      config,
      schema: { summary: 'Change a domain', tags, params: ByName, body: ChangedDomain, response: { 200: Domain } },
    },
    async (request, reply) => {
      const { name } = request.params;
      const { catchall, ...change } = request.body;
      if (change.isDisabled !== undefined && administratorOf(request) !== null) throw ownersOnly();
      const holder = catchall === undefined || catchall === null ? [] : [{ holder: catchall }];
      return await edit(request, reply, {
        directory: await manage(directory, request, { domain: name }, ...holder),
        read: (now) => readDomain(now, name),
        async change(now) {
          if (Object.keys(change).length > 0) await now.changeDomain(name, change);
          if (catchall !== undefined) await now.setCatchall(name, catchall);
        },
      });
    },
  );

  api.delete(
    '/api/v1/admin/domains/:name',
    {
      config: forOwners,
      schema: { summary: 'Remove a domain that nothing uses', tags, params: ByName, response: gone },
    },
    async (request, reply) => {
      await directory.as(actorOf(request)).removeDomain(request.params.name);
      return reply.code(204).send(null);
    },
  );
}

async function readDomain(directory: Directory, given: string): Promise<Domain> {
  const name = await directory.domainName(given);
  const domain = (await directory.listDomains()).find((each) => each.name === name);
  if (domain === undefined) throw absent('domain');
  return { ...domain };
}

function addAddressRoutes(api: WebApi, { directory }: Services): void {
  const tags = ['addresses'];

  api.get(
    '/api/v1/admin/addresses',
    {
      config,
      schema: {
        summary: 'Addresses of accounts',
        tags,
        querystring: PageQuery,
        response: { 200: Type.Array(Address) },
      },
    },
    async (request, reply) => {
      const page = askedPage(request.query, isPair);
      const addresses = await directory.pages.addresses({ ...page, administrator: administratorOf(request) });
      linkNext(request, reply, page.limit, addresses, ({ address }) => addressKey(address));
      return addresses.map((address) => ({ ...address }));
    },
  );

  api.post(
    '/api/v1/admin/addresses',
    { config, schema: { summary: 'Give an account an address', tags, body: NewAddress, response: gone } },
    async (request, reply) => {
      const { address, account, mailbox = null } = request.body;
      const changing = await manage(directory, request, { newAddress: address }, { holder: account });
      await changing.addAddress(account, address, mailbox);
      return reply.code(204).send(null);
    },
  );

  api.delete(
    '/api/v1/admin/addresses/:address',
    { config, schema: { summary: 'Remove an address', tags, params: ByAddress, response: gone } },
    async (request, reply) => {
      const { address } = request.params;
      const changing = await manage(directory, request, { address });
      await changing.together(async (now) => {
        const { account } = await now.addresses.read(address);
        await requireAnother(request, now, account);
        await now.addresses.remove(address);
      });
      return reply.code(204).send(null);
    },
  );

  api.get(
    '/api/v1/admin/addresses/:address',
    { config, schema: { summary: 'An address of an account', tags, params: ByAddress, response: { 200: Address } } },
    async (request, reply) => {
      const { address } = request.params;
      await requireTheirs(directory, request, { address });
      return showVersioned(reply, { ...(await directory.addresses.read(address)) });
    },
  );

  api.patch(
    '/api/v1/admin/addresses/:address',
    {
      config,
      schema: {
        summary: 'Give an address another account, or mailbox',
        tags,
        params: ByAddress,
        body: ChangedAddress,
        response: { 200: Address },
      },
    },
    async (request, reply) => {
      const { address } = request.params;
      const { account } = request.body;
      const holder = account === undefined ? [] : [{ holder: account }];
      return await edit(request, reply, {
        directory: await manage(directory, request, { address }, ...holder),
        read: async (now) => ({ ...(await now.addresses.read(address)) }),
        async change(now, shown) {
          if (account !== undefined && account !== shown.account) await requireAnother(request, now, shown.account);
          await now.addresses.change(address, request.body);
        },
      });
    },
  );
}

function addAliasRoutes(api: WebApi, { directory }: Services): void {
  const tags = ['aliases'];

  api.get(
    '/api/v1/admin/aliases',
    {
      config,
      schema: { summary: 'Aliases and lists', tags, querystring: PageQuery, response: { 200: Type.Array(Alias) } },
    },
    async (request, reply) => {
      const page = askedPage(request.query, isPair);
      const aliases = await directory.pages.aliases({ ...page, administrator: administratorOf(request) });
      linkNext(request, reply, page.limit, aliases, ({ address }) => addressKey(address));
      return aliases.map((alias) => ({ ...alias }));
    },
  );

  api.post(
    '/api/v1/admin/aliases',
    { config, schema: { summary: 'Add an alias', tags, body: NewAlias, response: gone } },
    async (request, reply) => {
      const { address, members } = request.body;
      const changing = await manage(directory, request, { newAddress: address });
      await changing.aliases.add(address, members);
      return reply.code(204).send(null);
    },
  );

  api.get(
    '/api/v1/admin/aliases/:address',
    {
      config,
      schema: { summary: 'An alias and its members', tags, params: ByAddress, response: { 200: AliasDetails } },
    },
    async (request, reply) => {
      const { address } = request.params;
      await requireTheirs(directory, request, { alias: address });
      return showVersioned(reply, await readAlias(directory, address));
    },
  );

  api.patch(
    '/api/v1/admin/aliases/:address',
    {
      config,
      schema: {
        summary: 'Change an alias',
        tags,
        params: ByAddress,
        body: ChangedAlias,
        response: { 200: AliasDetails },
      },
    },
    async (request, reply) => {
      const { address } = request.params;
      const { addMembers = [], removeMembers = [], addPosters = [], removePosters = [], ...settings } = request.body;
      return await edit(request, reply, {
        directory: await manage(directory, request, { alias: address }),
        read: (now) => readAlias(now, address),
        async change({ aliases }) {
          if (addMembers.length > 0) await aliases.addEntries(address, addMembers, 'member');
          if (removeMembers.length > 0) await aliases.removeEntries(address, removeMembers, 'member');
          if (addPosters.length > 0) await aliases.addEntries(address, addPosters, 'poster');
          if (removePosters.length > 0) await aliases.removeEntries(address, removePosters, 'poster');
          if (Object.keys(settings).length > 0) await aliases.change(address, settings);
        },
      });
    },
  );

  api.delete(
    '/api/v1/admin/aliases/:address',
    { config, schema: { summary: 'Remove an alias', tags, params: ByAddress, response: gone } },
    async (request, reply) => {
      const { address } = request.params;
      const changing = await manage(directory, request, { alias: address });
      await changing.aliases.remove(address);
      return reply.code(204).send(null);
    },
  );
}

async function readAlias(directory: Pick<Directory, 'aliases'>, address: string): Promise<AliasDetails> {
  const { entries, ...alias } = await directory.aliases.read(address);
  return { ...alias, entries: entries.map((entry) => ({ ...entry })) };
}

/** As lists of addresses are ordered by: an address that is stored has its last `@` before the domain. */
function addressKey(address: string): readonly [string, string] {
  const at = address.lastIndexOf('@');
  return [address.slice(at + 1), address.slice(0, at)];
}

/** An account without an address is in no domain, and only an owner could give it one again. */
async function requireAnother(request: FastifyRequest, directory: Directory, account: string): Promise<void> {
  if (administratorOf(request) === null || (await directory.addresses.list(account)).length > 1) return;
  throw new Problem(
    409,
    'last-address',
    `This is the only address of ${account}: give it another one first, or remove the account.`,
  );
}
