import { parseFingerprint, readKeyFile } from '@postel/tls-pubkey';
import type { FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { actorOf, ownAccount } from '../access.ts';
import { NAME_CHARACTERS } from '../limits.ts';
import { presentAppPassword, presentDevice } from '../present.ts';
import { absent, Problem } from '../problem.ts';
import { AppPassword, ChangedDevice, Device, MadePassword, NewAppPassword, NewDevice } from '../schemas/account.ts';
import type { Services } from '../services.ts';
import type { WebApi } from '../web-api.ts';

const tags = ['devices'];
const ByFingerprint = Type.Object({ fingerprint: Type.String({ maxLength: 128 }) });
const ByName = Type.Object({ name: Type.String({ maxLength: NAME_CHARACTERS }) });
/** What lets others in for good is given by a person, not by a token. */
const giving = { access: 'sign-in', needsProof: true } as const;
const looking = { access: 'account' } as const;

/** What a person's mail programs log in with: app passwords, and the keys of devices. */
export function addCredentialRoutes(api: WebApi, { directory }: Services): void {
  const { appPasswords, tlsPublicKeys } = directory;

  api.get(
    '/api/v1/account/app-passwords',
    { config: looking, schema: { summary: 'App passwords', tags, response: { 200: Type.Array(AppPassword) } } },
    async (request) => (await appPasswords.list(ownAccount(request).name)).map(presentAppPassword),
  );

  api.post(
    '/api/v1/account/app-passwords',
    {
      config: giving,
      schema: { summary: 'Make an app password', tags, body: NewAppPassword, response: { 201: MadePassword } },
    },
    async (request, reply) => {
      const { name, service = null, expiresAt = null } = request.body;
      const until = expiresAt === null ? null : new Date(expiresAt);
      const made = { name, service, expiresAt: until, networks: null, isShared: false };
      const password = await directory.as(actorOf(request)).appPasswords.add(ownAccount(request).name, made);
      return reply.code(201).send({ password });
    },
  );

  api.delete(
    '/api/v1/account/app-passwords/:name',
    {
      config: looking,
      schema: { summary: 'Remove an app password', tags, params: ByName, response: { 204: Type.Null() } },
    },
    async (request, reply) => {
      await directory.as(actorOf(request)).appPasswords.remove(ownAccount(request).name, request.params.name);
      return reply.code(204).send(null);
    },
  );

  api.get(
    '/api/v1/account/devices',
    { config: looking, schema: { summary: 'Devices', tags, response: { 200: Type.Array(Device) } } },
    async (request) => (await tlsPublicKeys.list(ownAccount(request).name)).map(presentDevice),
  );

  api.post(
    '/api/v1/account/devices',
    {
      config: giving,
      schema: { summary: 'Add a device by its key', tags, body: NewDevice, response: { 201: Device } },
    },
    async (request, reply) => {
      const { name: account } = ownAccount(request);
      const { tlsPublicKeys: keys } = directory.as(actorOf(request));
      const { name, key: text, loginAddress = null, isPreauth = true } = request.body;
      const reading = readKeyFile(Buffer.from(text));
      if (reading.type === 'refused') throw new Problem(422, 'invalid-key', `No key was read: ${reading.reason}.`);
      const { key } = reading;
      await keys.add({ login: account, key, name, isImapPreauth: isPreauth });
      try {
        if (loginAddress !== null) await keys.change(account, key.fingerprint, { loginAddress });
      } catch (error) {
        // Who hears that it was refused must not have let somebody in.
        await keys.remove(key.fingerprint);
        throw error;
      }
      const added = await tlsPublicKeys.get(key.fingerprint);
      if (added === null) throw absent('device');
      return reply.code(201).send(presentDevice(added));
    },
  );

  api.patch(
    '/api/v1/account/devices/:fingerprint',
    {
      config: looking,
      schema: {
        summary: 'Change a device',
        tags,
        params: ByFingerprint,
        body: ChangedDevice,
        response: { 200: Device },
      },
    },
    async (request) => {
      const { fingerprint } = await ownDevice(request, request.params.fingerprint);
      const { isPreauth, ...change } = request.body;
      const changed = { ...change, ...(isPreauth === undefined ? {} : { isImapPreauth: isPreauth }) };
      await directory.as(actorOf(request)).tlsPublicKeys.change(ownAccount(request).name, fingerprint, changed);
      return presentDevice(await ownDevice(request, fingerprint));
    },
  );

  api.delete(
    '/api/v1/account/devices/:fingerprint',
    {
      config: looking,
      schema: { summary: 'Remove a device', tags, params: ByFingerprint, response: { 204: Type.Null() } },
    },
    async (request, reply) => {
      const { fingerprint } = await ownDevice(request, request.params.fingerprint);
      await directory.as(actorOf(request)).tlsPublicKeys.remove(fingerprint);
      return reply.code(204).send(null);
    },
  );

  /** Somebody else's is as absent as nobody's. */
  async function ownDevice(request: FastifyRequest, text: string) {
    const fingerprint = parseFingerprint(text);
    const key = fingerprint === null ? null : await tlsPublicKeys.get(fingerprint);
    if (key === null || key.accountName !== ownAccount(request).name) throw absent('device');
    return key;
  }
}
