import type { WebHolder } from '@postel/directory';
import type { RegistrationResponseJSON } from '@simplewebauthn/server';
import type { FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { actorOf, ownSession } from '../access.ts';
import { clientContext } from '../client-context.ts';
import { absent, Problem } from '../problem.ts';
import { SignedIn } from '../schemas/session.ts';
import { Passkeys } from '../schemas/sign-in.ts';
import type { Services } from '../services.ts';
import {
  Authentication,
  credentialOf,
  expectedOf,
  ID_CHARACTERS,
  Options,
  signingOptions,
  credentialText as text,
  verifyPasskey,
  webAuthn,
} from '../verify-passkey.ts';
import type { WebApi } from '../web-api.ts';
import { begin } from './session.ts';

const own = { access: 'sign-in' } as const;
const proving = { access: 'sign-in', needsProof: true } as const;
const tags = ['sign-in'];
const Registration = Type.Unsafe<RegistrationResponseJSON>(
  credentialOf({ clientDataJSON: text, attestationObject: text }),
);
/** Signing in without a password (WebAuthn). The authenticator makes sure who holds it, so no code is asked for. */
export function addPasskeyRoutes(api: WebApi, services: Services): void {
  const { directory, wait } = services;
  const { passkeys } = directory.web;

  api.post(
    '/api/v1/session/passkey/options',
    {
      config: { access: 'public', isRemembered: true },
      schema: { summary: 'What a passkey is to sign', tags, response: { 200: Options } },
    },
    async (request) => {
      return await signingOptions(request, await passkeys.newChallenge('sign-in', null));
    },
  );

  api.post(
    '/api/v1/session/passkey',
    {
      config: { access: 'public' },
      schema: {
        summary: 'Sign in by a passkey',
        tags,
        body: Type.Object({ credential: Authentication }),
        response: { 200: SignedIn },
      },
    },
    async (request, reply) => {
      const { credential } = request.body;
      const known = await passkeys.find(Buffer.from(credential.id, 'base64url'));
      const counter = known === null ? null : await verifyPasskey(passkeys, request, known, credential, null);
      const sign = { name: known?.accountName ?? null, mechanism: 'passkey', isRight: counter !== null };
      await wait(directory.web.noteSignIn(clientContext(request), sign));
      if (known === null || counter === null) {
        throw new Problem(403, 'wrong-credentials', 'This passkey is not known here. Sign in by password.');
      }
      const { passkeyId, holder } = known;
      await passkeys.noteUse(passkeyId, counter);
      return await begin(services, request, reply, { holder, passkeyId, awaitsCode: false });
    },
  );

  api.get(
    '/api/v1/passkeys',
    { config: own, schema: { summary: 'Your passkeys', tags, response: { 200: Passkeys } } },
    async (request) => {
      const list = await passkeys.list(ownSession(request).holder);
      return list.map(({ passkeyId, name, createdAt, lastUsedAt }) => ({
        id: passkeyId.toString('base64url'),
        name,
        createdAt: createdAt.toISOString(),
        lastUsedAt: lastUsedAt?.toISOString() ?? null,
      }));
    },
  );

  api.post(
    '/api/v1/passkeys/options',
    { config: proving, schema: { summary: 'What a new passkey is made by', tags, response: { 200: Options } } },
    async (request) => {
      const { holder, name } = ownSession(request);
      const challenge = await passkeys.newChallenge('register', holder);
      const known = await passkeys.list(holder);
      return await (await webAuthn()).generateRegistrationOptions({
        rpName: 'Postel',
        rpID: request.hostname,
        userName: name ?? 'administrator',
        userID: Uint8Array.from(Buffer.from(holder === null ? 'admin' : `account ${holder}`)),
        challenge: Uint8Array.from(challenge),
        attestationType: 'none',
        excludeCredentials: known.map(({ passkeyId }) => ({ id: passkeyId.toString('base64url') })),
        authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
      });
    },
  );

  api.post(
    '/api/v1/passkeys',
    {
      config: proving,
      schema: {
        summary: 'Add a passkey',
        tags,
        body: Type.Object({ name: Type.String({ maxLength: 200 }), credential: Registration }),
        response: { 204: Type.Null() },
      },
    },
    async (request, reply) => {
      const { holder } = ownSession(request);
      const { name, credential } = request.body;
      const { id, publicKey, counter, transports = [] } = await register(request, holder, credential);
      const made = { passkeyId: Buffer.from(id, 'base64url'), publicKey: Buffer.from(publicKey), counter };
      await passkeys.add(actorOf(request), holder, { ...made, name, transports });
      return reply.code(204).send(null);
    },
  );

  api.delete(
    '/api/v1/passkeys/:id',
    {
      config: own,
      schema: {
        summary: 'Remove a passkey',
        tags,
        params: Type.Object({ id: Type.String({ maxLength: ID_CHARACTERS }) }),
        response: { 204: Type.Null() },
      },
    },
    async (request, reply) => {
      const id = Buffer.from(request.params.id, 'base64url');
      if (!(await passkeys.remove(actorOf(request), ownSession(request).holder, id))) throw absent('passkey');
      return reply.code(204).send(null);
    },
  );

  async function register(request: FastifyRequest, holder: WebHolder, response: RegistrationResponseJSON) {
    const refused = (cause?: unknown) => {
      const problem = new Problem(
        422,
        'invalid-key',
        'This passkey cannot be used here, or it came too late: try again.',
      );
      problem.cause = cause;
      return problem;
    };
    try {
      const { verified, registrationInfo } = await (await webAuthn()).verifyRegistrationResponse({
        response,
        expectedChallenge: (challenge) =>
          passkeys.takeChallenge(Buffer.from(challenge, 'base64url'), 'register', holder),
        ...expectedOf(request),
      });
      if (!verified) throw refused();
      const { credential } = registrationInfo;
      return { ...credential, transports: transportsOf(credential.transports) };
    } catch (error) {
      throw error instanceof Problem ? error : refused(error);
    }
  }
}

/** Words alone: they are stored side by side. */
const transportsOf = (transports: readonly string[] = []): readonly string[] =>
  transports.filter((transport) => /^[a-z-]{1,20}$/.test(transport)).slice(0, 10);
