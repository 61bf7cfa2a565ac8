import type { AuthenticatedAccount, Directory, Role, WebHolder } from '@postel/directory';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { actorOf, ownSession } from '../access.ts';
import { addressOf, clientContext } from '../client-context.ts';
import { WAITING_SIGN_INS } from '../limits.ts';
import { notSignedIn, Problem } from '../problem.ts';
import { Code, Session, SignedIn, SignIn } from '../schemas/session.ts';
import { OpenSessions } from '../schemas/sign-in.ts';
import type { Services } from '../services.ts';
import { clearSessionCookie, readSessionCookie, setSessionCookie } from '../session-cookie.ts';
import type { WebApi } from '../web-api.ts';

/** Who was found to know a password. */
interface Known {
  readonly holder: WebHolder;
  /** Of the account. */
  readonly name: string | null;
  readonly credentialId: number;
  /** Tells limits and history that all of it is done, or that a code is to come. */
  settle(isDone: boolean): Promise<void>;
}

/** Signing in and out: the password, then a one-time code where there is one. */
export function addSessionRoutes(api: WebApi, services: Services): void {
  const { directory, wait } = services;
  const { sessions, secondFactor } = directory.web;
  const turn = limitWaiting();

  api.post(
    '/api/v1/session',
    {
      config: { access: 'public' },
      schema: { summary: 'Sign in', tags: ['session'], body: SignIn, response: { 200: SignedIn } },
    },
    (request, reply) =>
      turn(async () => {
        const { as, login = '', password } = request.body;
        const known =
          as === 'admin'
            ? await checkAdmin(services, request, password)
            : await checkAccount(services, request, login, password);
        const { isOn } = await secondFactor.read(known.holder);
        await known.settle(!isOn);
        const { holder, credentialId } = known;
        return await begin(services, request, reply, { holder, credentialId, awaitsCode: isOn });
      }),
  );

  api.post(
    '/api/v1/session/code',
    {
      config: { access: 'public' },
      schema: {
        summary: 'Complete a sign-in by a one-time code',
        tags: ['session'],
        body: Code,
        response: { 200: SignedIn },
      },
    },
    (request) =>
      turn(async () => {
        const token = readSessionCookie(request);
        const session = token === null ? null : await sessions.find(token);
        if (session === null || !session.awaitsCode) throw notSignedIn();
        const { sessionId, holder, name } = session;
        const [context, who] = [clientContext(request), { holder, name, mechanism: 'one-time code' }];
        const refusal = await directory.web.refuseCode(context, who);
        if (refusal !== null) throw refusal;
        const outcome = await secondFactor.complete(sessionId, holder, request.body.code);
        await wait(directory.web.noteSignIn(context, { ...who, isRight: outcome === 'right' }));
        if (outcome === 'right') return { next: 'none' as const, session: await describe(directory, session) };
        if (outcome === 'wrong') throw new Problem(403, 'wrong-code', 'This code is not right, or was used already.');
        throw new Problem(401, 'not-signed-in', 'Too many codes were wrong: begin again with the password.');
      }),
  );

  api.get(
    '/api/v1/session',
    {
      config: { access: 'public' },
      schema: { summary: 'Who is signed in', tags: ['session'], response: { 200: Type.Union([Session, Type.Null()]) } },
    },
    async ({ principal }, reply) => {
      if (principal !== null) return await describe(directory, principal);
      return reply.type('application/json').serializer(JSON.stringify).send(null);
    },
  );

  api.delete(
    '/api/v1/session',
    {
      config: { access: 'public' },
      schema: { summary: 'Sign out', tags: ['session'], response: { 204: Type.Null() } },
    },
    async (request, reply) => {
      const token = readSessionCookie(request);
      if (token !== null) await sessions.end(token);
      clearSessionCookie(request, reply);
      return reply.code(204).send(null);
    },
  );

  api.get(
    '/api/v1/sessions',
    {
      config: { access: 'sign-in' },
      schema: { summary: 'Where you are signed in', tags: ['session'], response: { 200: OpenSessions } },
    },
    async (request) => {
      const { holder, sessionId } = ownSession(request);
      const list = await sessions.list(holder);
      return list.map(({ sessionId: id, createdAt, usedAt, clientAddress, program }) => ({
        id,
        isThis: id === sessionId,
        createdAt: createdAt.toISOString(),
        usedAt: usedAt.toISOString(),
        from: clientAddress,
        program,
      }));
    },
  );

  api.delete(
    '/api/v1/sessions/:id',
    {
      config: { access: 'sign-in' },
      schema: {
        summary: 'Sign out elsewhere',
        tags: ['session'],
        params: Type.Object({ id: Type.String({ format: 'uuid' }) }),
        response: { 204: Type.Null() },
      },
    },
    async (request, reply) => {
      const isEnded = await sessions.endOne(actorOf(request), ownSession(request).holder, request.params.id);
      if (!isEnded) throw new Problem(404, 'absent', 'There is no such session.');
      return reply.code(204).send(null);
    },
  );
}

const wrong = () => new Problem(403, 'wrong-credentials', 'Name or password is not right.');

async function checkAccount(
  { directory, wait }: Services,
  request: FastifyRequest,
  login: string,
  password: string,
): Promise<Known> {
  const attempt = directory.beginLogin(clientContext(request), 'web');
  const account = await attempt.verifyPassword(login, password);
  if (account === null || account.credential.type !== 'password') {
    await wait(attempt.settle('credentials'));
    throw attempt.refusal ?? wrong();
  }
  const { accountId: holder, name } = account satisfies AuthenticatedAccount;
  const { credentialId } = account.credential;
  attempt.nameProgram(programOf(request));
  // With a code still to come nobody is in yet; the history shows that somebody knew the password.
  const settle = (isDone: boolean) => wait(attempt.settle(isDone ? 'success' : 'cancelled', account));
  return { holder, name, credentialId, settle };
}

async function checkAdmin({ directory, wait }: Services, request: FastifyRequest, password: string): Promise<Known> {
  const outcome = await directory.web.adminPassword.signIn(clientContext(request), password);
  if (outcome.type === 'right') {
    return { holder: null, name: null, credentialId: outcome.credentialId, settle: async () => {} };
  }
  await wait(outcome.delayMs);
  if (!(await directory.web.adminPassword.isSet())) {
    throw new Problem(
      403,
      'wrong-credentials',
      'There is no admin password: sign in with an account that is an owner, or set one by postel config setadminpassword.',
    );
  }
  throw outcome.refusal ?? new Problem(403, 'wrong-credentials', 'The admin password is not right.');
}

interface Who {
  readonly holder: WebHolder;
  readonly name: string | null;
  readonly role: Role;
}

interface Beginning {
  readonly holder: WebHolder;
  readonly credentialId?: number;
  readonly passkeyId?: Buffer;
  readonly keyFingerprint?: Buffer;
  readonly awaitsCode: boolean;
}

/** A session, and the cookie for it. One that the browser had before is over. */
export async function begin(
  { directory }: Services,
  request: FastifyRequest,
  reply: FastifyReply,
  { awaitsCode, ...who }: Beginning,
) {
  const { sessions } = directory.web;
  const before = readSessionCookie(request);
  if (before !== null) await sessions.end(before);
  const client = { clientAddress: addressOf(request), program: programOf(request) };
  const token = await sessions.begin({ ...who, ...client, awaitsCode });
  setSessionCookie(request, reply, token);
  if (awaitsCode) return { next: 'code' as const, session: null };
  const session = await sessions.find(token);
  if (session === null) throw notSignedIn(); // the password was changed this moment
  return { next: 'none' as const, session: await describe(directory, session) };
}

async function describe(directory: Directory, { holder, name, role }: Who): Promise<Session> {
  const domains = role === 'domain-admin' && holder !== null ? await directory.pages.domains(holder) : [];
  return { account: name, mayAdminister: role === 'owner', domains: domains.map((domain) => domain.name) };
}

const programOf = (request: FastifyRequest) => request.headers['user-agent'] ?? '';

/** Answers to wrong sign-ins wait, and so could be made to hold any amount of memory. */
function limitWaiting() {
  let waiting = 0;
  return async <Result>(work: () => Promise<Result>): Promise<Result> => {
    if (waiting >= WAITING_SIGN_INS) {
      throw new Problem(503, 'unavailable', 'Too many sign-ins at once: try again in a moment.', 1_000);
    }
    waiting += 1;
    try {
      return await work();
    } finally {
      waiting -= 1;
    }
  };
}
