import { Type } from 'typebox';
import { actorOf, ownSession } from '../access.ts';
import { clientContext } from '../client-context.ts';
import { Problem } from '../problem.ts';
import { Code } from '../schemas/session.ts';
import { RecoveryCodes, SecondFactor, TotpKey } from '../schemas/sign-in.ts';
import type { Services } from '../services.ts';
import type { WebApi } from '../web-api.ts';

const config = { access: 'sign-in' } as const;
/** Whoever turned codes on at a browser that somebody left would have them, and its owner would not. */
const proving = { access: 'sign-in', needsProof: true } as const;
const tags = ['sign-in'];
const ISSUER = 'Postel';

/** One-time codes beside the password (RFC 6238). */
export function addSecondFactorRoutes(api: WebApi, { directory, wait }: Services): void {
  const { secondFactor } = directory.web;

  api.get(
    '/api/v1/second-factor',
    { config, schema: { summary: 'Whether one-time codes are asked for', tags, response: { 200: SecondFactor } } },
    (request) => secondFactor.read(ownSession(request).holder),
  );

  api.post(
    '/api/v1/second-factor/begin',
    {
      config: proving,
      schema: { summary: 'Make a key for an authenticator program', tags, response: { 200: TotpKey } },
    },
    async (request) => {
      const { holder, name } = ownSession(request);
      const secret = await secondFactor.begin(holder);
      if (secret === null) throw new Problem(409, 'exists', 'One-time codes are on already: turn them off first.');
      const label = encodeURIComponent(`${ISSUER}:${name ?? 'administrator'}`);
      return { secret, uri: `otpauth://totp/${label}?secret=${secret}&issuer=${ISSUER}` };
    },
  );

  api.post(
    '/api/v1/second-factor/confirm',
    {
      config: proving,
      schema: {
        summary: 'Turn one-time codes on, by the first of them',
        tags,
        body: Code,
        response: { 200: RecoveryCodes },
      },
    },
    async (request) => {
      const recoveryCodes = await secondFactor.confirm(actorOf(request), ownSession(request).holder, request.body.code);
      if (recoveryCodes === null) {
        throw new Problem(403, 'wrong-code', 'This code is not right. Is the clock of the device?');
      }
      return { recoveryCodes: [...recoveryCodes] };
    },
  );

  api.post(
    '/api/v1/second-factor/remove',
    {
      config: proving,
      schema: { summary: 'Turn one-time codes off', tags, body: Code, response: { 204: Type.Null() } },
    },
    async (request, reply) => {
      const { holder, name } = ownSession(request);
      const [context, who] = [clientContext(request), { holder, name, mechanism: 'one-time code' }];
      const refusal = await directory.web.refuseCode(context, who);
      if (refusal !== null) throw refusal;
      const isRight = await secondFactor.check(holder, request.body.code);
      if (!isRight) {
        await wait(directory.web.noteSignIn(context, { ...who, isRight }));
        throw new Problem(403, 'wrong-code', 'This code is not right, or was used already.');
      }
      await secondFactor.remove(actorOf(request), holder);
      return reply.code(204).send(null);
    },
  );
}
