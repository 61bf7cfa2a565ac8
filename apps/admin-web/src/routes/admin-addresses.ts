import { Type } from 'typebox';
import { actorOf } from '../access.ts';
import { edit, showVersioned } from '../edits.ts';
import { NAME_CHARACTERS } from '../limits.ts';
import { absent } from '../problem.ts';
import {
  Address,
  Alias,
  AliasDetails,
  ChangedAlias,
  ChangedDomain,
  Domain,
  NewAddress,
  NewAlias,
  NewDomain,
} from '../schemas/admin.ts';
import type { Services } from '../services.ts';
import type { WebApi } from '../web-api.ts';

const config = { access: 'admin' } as const;
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
    async () => (await directory.listDomains()).map((domain) => ({ ...domain })),
  );

  api.post(
    '/api/v1/admin/domains',
    { config, schema: { summary: 'Make a domain local', tags, body: NewDomain, response: gone } },
    async (request, reply) => {
      await directory.as(actorOf(request)).addDomain(request.body.name);
      return reply.code(204).send(null);
    },
  );

  api.get(
    '/api/v1/admin/domains/:name',
    { config, schema: { summary: 'A domain', tags, params: ByName, response: { 200: Domain } } },
    async (request, reply) => showVersioned(reply, await readDomain(request.params.name)),
  );

  api.patch(
    '/api/v1/admin/domains/:name',
    {
      config,
      schema: { summary: 'Change a domain', tags, params: ByName, body: ChangedDomain, response: { 200: Domain } },
    },
    (request, reply) => {
      const { name } = request.params;
      const { catchall, ...change } = request.body;
      const changing = directory.as(actorOf(request));
      return edit(
        request,
        reply,
        () => readDomain(name),
        async () => {
          if (Object.keys(change).length > 0) await changing.changeDomain(name, change);
          if (catchall !== undefined) await changing.setCatchall(name, catchall);
        },
      );
    },
  );

  api.delete(
    '/api/v1/admin/domains/:name',
    { config, schema: { summary: 'Remove a domain that nothing uses', tags, params: ByName, response: gone } },
    async (request, reply) => {
      await directory.as(actorOf(request)).removeDomain(request.params.name);
      return reply.code(204).send(null);
    },
  );

  async function readDomain(name: string): Promise<Domain> {
    const domain = (await directory.listDomains()).find((each) => each.name === name);
    if (domain === undefined) throw absent('domain');
    return { ...domain };
  }
}

function addAddressRoutes(api: WebApi, { directory }: Services): void {
  const tags = ['addresses'];

  api.get(
    '/api/v1/admin/addresses',
    { config, schema: { summary: 'Addresses of accounts', tags, response: { 200: Type.Array(Address) } } },
    async () => (await directory.addresses.list(null)).map((address) => ({ ...address })),
  );

  api.post(
    '/api/v1/admin/addresses',
    { config, schema: { summary: 'Give an account an address', tags, body: NewAddress, response: gone } },
    async (request, reply) => {
      const { address, account, mailbox = null } = request.body;
      await directory.as(actorOf(request)).addAddress(account, address, mailbox);
      return reply.code(204).send(null);
    },
  );

  api.delete(
    '/api/v1/admin/addresses/:address',
    { config, schema: { summary: 'Remove an address', tags, params: ByAddress, response: gone } },
    async (request, reply) => {
      await directory.as(actorOf(request)).addresses.remove(request.params.address);
      return reply.code(204).send(null);
    },
  );
}

function addAliasRoutes(api: WebApi, { directory }: Services): void {
  const tags = ['aliases'];

  api.get(
    '/api/v1/admin/aliases',
    { config, schema: { summary: 'Aliases and lists', tags, response: { 200: Type.Array(Alias) } } },
    async () => (await directory.aliases.list(null)).map((alias) => ({ ...alias })),
  );

  api.post(
    '/api/v1/admin/aliases',
    { config, schema: { summary: 'Add an alias', tags, body: NewAlias, response: gone } },
    async (request, reply) => {
      const { address, members } = request.body;
      await directory.as(actorOf(request)).aliases.add(address, members);
      return reply.code(204).send(null);
    },
  );

  api.get(
    '/api/v1/admin/aliases/:address',
    {
      config,
      schema: { summary: 'An alias and its members', tags, params: ByAddress, response: { 200: AliasDetails } },
    },
    async (request, reply) => showVersioned(reply, await readAlias(request.params.address)),
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
    (request, reply) => {
      const { address } = request.params;
      const { addMembers = [], removeMembers = [], ...settings } = request.body;
      const { aliases } = directory.as(actorOf(request));
      return edit(
        request,
        reply,
        () => readAlias(address),
        async () => {
          if (addMembers.length > 0) await aliases.addEntries(address, addMembers, 'member');
          if (removeMembers.length > 0) await aliases.removeEntries(address, removeMembers, 'member');
          if (Object.keys(settings).length > 0) await aliases.change(address, settings);
        },
      );
    },
  );

  api.delete(
    '/api/v1/admin/aliases/:address',
    { config, schema: { summary: 'Remove an alias', tags, params: ByAddress, response: gone } },
    async (request, reply) => {
      await directory.as(actorOf(request)).aliases.remove(request.params.address);
      return reply.code(204).send(null);
    },
  );

  async function readAlias(address: string): Promise<AliasDetails> {
    const { entries, ...alias } = await directory.aliases.read(address);
    return { ...alias, entries: entries.map((entry) => ({ ...entry })) };
  }
}
