import type { FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { ownSession } from '../access.ts';
import { clientContext } from '../client-context.ts';
import { Problem } from '../problem.ts';
import { Proof } from '../schemas/session.ts';
import type { Services } from '../services.ts';
import { Authentication, Options, signingOptions, verifyPasskey } from '../verify-passkey.ts';
import type { WebApi } from '../web-api.ts';

const config = { access: 'sign-in' } as const;
const tags = ['session'];
const proved = { 204: Type.Null() } as const;

/** Proving once more who one is, for what asks for it (`proof-needed`): as at signing in, within the session that there is. */
export function addProofRoutes(api: WebApi, services: Services): void {
  const { directory, wait } = services;
  const { sessions, secondFactor, passkeys } = directory.web;

  api.post(
    '/api/v1/session/proof',
    {
      config,
      schema: {
        summary: 'Prove who you are by the password, and a one-time code where these are on',
        tags,
        body: Proof,
        response: proved,
      },
    },
    async (request, reply) => {
      const { password, code = null } = request.body;
      const { holder, sessionId } = ownSession(request);
      await checkPassword(request, password);
      if ((await secondFactor.read(holder)).isOn) await checkCode(request, code);
      await sessions.prove(sessionId);
      return reply.code(204).send(null);
    },
  );

  api.post(
    '/api/v1/session/proof/passkey/options',
    { config, schema: { summary: 'What a passkey is to sign for that', tags, response: { 200: Options } } },
    async (request) => {
      const { holder } = ownSession(request);
      return await signingOptions(request, await passkeys.newChallenge('sign-in', holder));
    },
  );

  api.post(
    '/api/v1/session/proof/passkey',
    {
      config,
      schema: {
        summary: 'Prove who you are by a passkey',
        tags,
        body: Type.Object({ credential: Authentication }),
        response: proved,
      },
    },
    async (request, reply) => {
      const { credential } = request.body;
      const { holder, name, sessionId } = ownSession(request);
      const known = await passkeys.find(Buffer.from(credential.id, 'base64url'));
      const isOwn = known !== null && known.holder === holder;
      const counter = isOwn ? await verifyPasskey(passkeys, request, known, credential, holder) : null;
      await wait(
        directory.web.noteSignIn(clientContext(request), {
          holder,
          name,
          mechanism: 'passkey',
          isRight: counter !== null,
        }),
      );
      if (known === null || counter === null) {
        throw new Problem(403, 'wrong-credentials', 'This passkey is none of yours. Take the password.');
      }
      await passkeys.noteUse(known.passkeyId, counter);
      await sessions.prove(sessionId);
      return reply.code(204).send(null);
    },
  );

  async function checkPassword(request: FastifyRequest, password: string): Promise<void> {
    const { name } = ownSession(request);
    const wrong = () => new Problem(403, 'wrong-credentials', 'The password is not right.');
    if (name === null) {
      const outcome = await directory.web.adminPassword.signIn(clientContext(request), password);
      if (outcome.type === 'right') return;
      await wait(outcome.delayMs);
      throw outcome.refusal ?? wrong();
    }
    const attempt = directory.beginLogin(clientContext(request), 'web');
    const account = await attempt.verifyPassword(name, password);
    if (account !== null && account.credential.type === 'password') {
      await wait(attempt.settle('success', account));
      return;
    }
    await wait(attempt.settle('credentials'));
    throw attempt.refusal ?? wrong();
  }

  async function checkCode(request: FastifyRequest, code: string | null): Promise<void> {
    if (code === null) throw new Problem(403, 'code-needed', 'Give a one-time code, too.');
    const { holder, name } = ownSession(request);
    const [context, who] = [clientContext(request), { holder, name, mechanism: 'one-time code' }];
    const refusal = await directory.web.refuseCode(context, who);
    if (refusal !== null) throw refusal;
    const isRight = await secondFactor.check(holder, code);
    await wait(directory.web.noteSignIn(context, { ...who, isRight }));
    if (!isRight) throw new Problem(403, 'wrong-code', 'This code is not right, or was used already.');
  }
}
