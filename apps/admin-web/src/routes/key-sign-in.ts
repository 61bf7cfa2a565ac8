import type { FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { clientContext } from '../client-context.ts';
import { Problem } from '../problem.ts';
import { SignedIn } from '../schemas/session.ts';
import type { Services } from '../services.ts';
import { clearKeyCookie, readKeyCookie, setKeyCookie } from '../session-cookie.ts';
import type { WebApi } from '../web-api.ts';
import { begin } from './session.ts';

const config = { access: 'public' } as const;
const tags = ['session'];
/** A name and a port alone: to a browser `name:1@other` is the host `other`, with a user who has our name. */
const HOST = /^([a-z0-9.-]{1,253}|\[::1\])(?::(\d{1,5}))?$/;

/**
 * Signing in by the key of a device: the browser goes to the listener that asks for it (`key-listener.ts`), and comes back with a code.
 * A one-time code is asked for all the same, where these are on: the key stands for the password.
 */
export function addKeySignInRoutes(api: WebApi, services: Services): void {
  const { directory, wait, keySignIn } = services;
  const { keySignIns, secondFactor } = directory.web;

  api.get(
    '/api/v1/session/key',
    {
      config,
      schema: {
        summary: 'Whether one can sign in by the key of a device',
        tags,
        response: { 200: Type.Object({ isOffered: Type.Boolean() }) },
      },
    },
    async () => ({ isOffered: keySignIn !== null }),
  );

  api.post(
    '/api/v1/session/key',
    {
      config: { access: 'public', isRemembered: true },
      schema: {
        summary: 'Begin to sign in by the key of a device',
        tags,
        response: { 200: Type.Object({ url: Type.String({ description: 'to which the browser goes' }) }) },
      },
    },
    async (request, reply) => {
      if (keySignIn === null) throw new Problem(404, 'absent', 'Nobody signs in here by the key of a device.');
      const { state, browser } = await keySignIns.begin(originOf(request));
      setKeyCookie(request, reply, browser);
      return { url: `${keySignIn.origin}/sign-in?state=${state}` };
    },
  );

  api.post(
    '/api/v1/session/key/complete',
    {
      config,
      schema: {
        summary: 'Sign in by the code with which the browser came back',
        tags,
        body: Type.Object({ code: Type.String({ maxLength: 100 }) }, { additionalProperties: false }),
        response: { 200: SignedIn },
      },
    },
    async (request, reply) => {
      const browser = readKeyCookie(request);
      clearKeyCookie(request, reply);
      const fingerprint = browser === null ? null : await keySignIns.complete(request.body.code, browser);
      const key = fingerprint === null ? null : await directory.findClientKey(fingerprint);
      if (key === null) throw new Problem(403, 'wrong-credentials', 'This sign-in is over: begin again.');
      const attempt = directory.beginLogin({ ...clientContext(request), clientKey: key }, 'EXTERNAL');
      const account = await attempt.findExternalIdentity();
      if (account === null) {
        await wait(attempt.settle('credentials'));
        throw new Problem(403, 'wrong-credentials', 'This key lets nobody in any more.');
      }
      attempt.nameProgram(request.headers['user-agent'] ?? '');
      const { isOn } = await secondFactor.read(account.accountId);
      await wait(attempt.settle(isOn ? 'cancelled' : 'success', account));
      const keyFingerprint = Buffer.from(key.fingerprint, 'base64url');
      return await begin(services, request, reply, { holder: account.accountId, keyFingerprint, awaitsCode: isOn });
    },
  );

  /**
   * Where to lead back to: to this server under a name that is its own. Whoever asks writes the names here, and a code that went to
   * another place would let them in.
   */
  function originOf(request: FastifyRequest): string {
    const [, name = null, port = ''] = HOST.exec(request.host.toLowerCase()) ?? [];
    const isLocal = name === 'localhost' || name === '127.0.0.1' || name === '[::1]';
    const isOwn = isLocal || (request.protocol === 'https' && name === services.hostname.toLowerCase());
    if (isOwn && (port === '' || services.webPorts.includes(Number(port)))) {
      return `${request.protocol}://${name}${port === '' ? '' : `:${port}`}`;
    }
    throw new Problem(
      421,
      'other-host',
      `Signing in by the key of a device takes the name of the server: https://${services.hostname}/`,
    );
  }
}
