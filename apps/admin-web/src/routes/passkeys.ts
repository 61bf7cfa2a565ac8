import type { WebHolder } from '@postel/directory';
import type { AuthenticationResponseJSON, RegistrationResponseJSON } from '@simplewebauthn/server';
import type { FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { ownSession } from '../access.ts';
import { clientContext } from '../client-context.ts';
import { absent, Problem } from '../problem.ts';
import { SignedIn } from '../schemas/session.ts';
import { Passkeys } from '../schemas/sign-in.ts';
import type { Services } from '../services.ts';
import type { WebApi } from '../web-api.ts';
import { begin } from './session.ts';

/** Read at first need: it and what it brings are 10 MB of memory, which an installation without passkeys spares. */
const library = () => import('@simplewebauthn/server');

const own = { access: 'sign-in' } as const;
const tags = ['sign-in'];
/** Longer than any authenticator makes them (WebAuthn §6.1: up to 1,023 octets). */
const ID_CHARACTERS = 1_400;
const CREDENTIAL_CHARACTERS = 8_000;

/** As the browser's `toJSON` gives it; the library reads the rest. */
const credentialOf = (members: Record<string, ReturnType<typeof Type.String>>) =>
  Type.Object({
    id: Type.String({ maxLength: ID_CHARACTERS }),
    rawId: Type.String({ maxLength: ID_CHARACTERS }),
    type: Type.Literal('public-key'),
    response: Type.Object(members),
    clientExtensionResults: Type.Object({}),
  });
const text = Type.String({ maxLength: CREDENTIAL_CHARACTERS });
const Registration = Type.Unsafe<RegistrationResponseJSON>(
  credentialOf({ clientDataJSON: text, attestationObject: text }),
);
const Authentication = Type.Unsafe<AuthenticationResponseJSON>(
  credentialOf({ clientDataJSON: text, authenticatorData: text, signature: text }),
);
/** What the library makes for `navigator.credentials`. */
const Options = Type.Unsafe<object>(Type.Object({}, { additionalProperties: true }));

/** Signing in without a password (WebAuthn). The authenticator makes sure who holds it, so no code is asked for. */
export function addPasskeyRoutes(api: WebApi, services: Services): void {
  const { directory, wait } = services;
  const { passkeys } = directory.web;

  api.post(
    '/api/v1/session/passkey/options',
    {
      config: { access: 'public' },
      schema: { summary: 'What a passkey is to sign', tags, response: { 200: Options } },
    },
    async (request) => {
      const challenge = await passkeys.newChallenge('sign-in', null);
      return await (await library()).generateAuthenticationOptions({
        rpID: request.hostname,
        challenge: Uint8Array.from(challenge),
        userVerification: 'required',
      });
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
      const counter = known === null ? null : await verify(request, known, credential);
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
    { config: own, schema: { summary: 'What a new passkey is made by', tags, response: { 200: Options } } },
    async (request) => {
      const { holder, name } = ownSession(request);
      const challenge = await passkeys.newChallenge('register', holder);
      const known = await passkeys.list(holder);
      return await (await library()).generateRegistrationOptions({
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
      config: own,
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
      await passkeys.add(holder, { ...made, name, transports });
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
      if (!(await passkeys.remove(ownSession(request).holder, id))) throw absent('passkey');
      return reply.code(204).send(null);
    },
  );

  /** @returns the authenticator's counter; null: the signature is not what was asked for */
  async function verify(
    request: FastifyRequest,
    known: NonNullable<Awaited<ReturnType<typeof passkeys.find>>>,
    response: AuthenticationResponseJSON,
  ): Promise<number | null> {
    const { passkeyId, publicKey, counter } = known;
    try {
      const { verified, authenticationInfo } = await (await library()).verifyAuthenticationResponse({
        response,
        expectedChallenge: (challenge) => take(challenge, 'sign-in', null),
        ...expected(request),
        credential: { id: passkeyId.toString('base64url'), publicKey: Uint8Array.from(publicKey), counter },
      });
      return verified ? authenticationInfo.newCounter : null;
    } catch {
      return null; // whatever is wrong with it
    }
  }

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
      const { verified, registrationInfo } = await (await library()).verifyRegistrationResponse({
        response,
        expectedChallenge: (challenge) => take(challenge, 'register', holder),
        ...expected(request),
      });
      if (!verified) throw refused();
      const { credential } = registrationInfo;
      return { ...credential, transports: transportsOf(credential.transports) };
    } catch (error) {
      throw error instanceof Problem ? error : refused(error);
    }
  }

  function take(challenge: string, purpose: 'register' | 'sign-in', holder: WebHolder): Promise<boolean> {
    return passkeys.takeChallenge(Buffer.from(challenge, 'base64url'), purpose, holder);
  }
}

const expected = (request: FastifyRequest) => ({
  expectedOrigin: `${request.protocol}://${request.host}`,
  expectedRPID: request.hostname,
  requireUserVerification: true,
});

/** Words alone: they are stored side by side. */
const transportsOf = (transports: readonly string[] = []): readonly string[] =>
  transports.filter((transport) => /^[a-z-]{1,20}$/.test(transport)).slice(0, 10);
