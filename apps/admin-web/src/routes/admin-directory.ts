import type { StateDifference } from '@postel/directory';
import { readDeclarationText, writeDeclaration } from '@postel/operations';
import { formatRights, parseRights } from '@postel/storage';
import { Type } from 'typebox';
import { actorOf, manage, requireTheirs } from '../access.ts';
import { DECLARATION_OCTETS } from '../limits.ts';
import { Problem } from '../problem.ts';
import { ChangedShare, Declaration, Declared, Differences, NewAdminPassword, Shares } from '../schemas/settings.ts';
import type { Services } from '../services.ts';
import type { WebApi } from '../web-api.ts';

const config = { access: 'admin' } as const;
const proving = { access: 'admin', needsProof: true } as const;
const tags = ['settings'];

/** The admin password, the directory as a whole; and who may use whose mailboxes. */
export function addAdminDirectoryRoutes(api: WebApi, { directory }: Services): void {
  api.post(
    '/api/v1/admin/admin-password',
    {
      config: proving,
      schema: {
        summary: 'Set the admin password, or take it away: sessions and all else by the old one are over',
        tags,
        body: NewAdminPassword,
        response: { 204: Type.Null() },
      },
    },
    async (request, reply) => {
      const { password } = request.body;
      if (password === null && request.principal?.holder === null) {
        throw new Problem(409, 'own-account', 'You are here by this password: you would lock yourself out.');
      }
      await directory.as(actorOf(request)).setAdminPassword(password);
      return reply.code(204).send(null);
    },
  );

  const ofAccount = { access: 'domains' } as const;
  const params = Type.Object({ name: Type.String({ maxLength: 64 }) });

  api.get(
    '/api/v1/admin/accounts/:name/shares',
    {
      config: ofAccount,
      schema: {
        summary: 'Who else may use a mailbox of an account',
        tags: ['accounts'],
        params,
        querystring: Type.Object({ mailbox: Type.String({ minLength: 1, maxLength: 1_000 }) }),
        response: { 200: Shares },
      },
    },
    async (request) => {
      const { name: account } = request.params;
      await requireTheirs(directory, request, { account });
      return await readShares(directory, account, spelled(request.query.mailbox));
    },
  );

  api.post(
    '/api/v1/admin/accounts/:name/shares',
    {
      config: proving,
      schema: {
        summary: 'Let somebody use a mailbox of an account, or no more',
        tags: ['accounts'],
        params,
        body: ChangedShare,
        response: { 200: Shares },
      },
    },
    async (request) => {
      const { name: account } = request.params;
      const { who, rights, mailbox: given } = request.body;
      const mailbox = spelled(given);
      const changing = await manage(directory, request, { account });
      await changing.shares.set({ account, mailbox }, who, parseRights(rights));
      return await readShares(directory, account, mailbox);
    },
  );

  api.get(
    '/api/v1/admin/declaration',
    { config, schema: { summary: 'The directory as a text, without secrets', tags, response: { 200: Declaration } } },
    async () => ({ text: writeDeclaration(await directory.readState(), null) }),
  );

  api.post(
    '/api/v1/admin/declaration/differences',
    {
      config,
      bodyLimit: DECLARATION_OCTETS,
      schema: { summary: 'What is not as a text says', tags, body: Declared, response: { 200: Differences } },
    },
    async (request) => present(await directory.compare(declared(request.body.text))),
  );

  api.post(
    '/api/v1/admin/declaration/apply',
    {
      config: proving,
      bodyLimit: DECLARATION_OCTETS,
      schema: {
        summary: 'Make the directory as a text says: what it does not have goes, accounts with their mail',
        tags,
        body: Declared,
        response: { 200: Differences },
      },
    },
    async (request) => present(await directory.as(actorOf(request)).apply(declared(request.body.text))),
  );
}

async function readShares(directory: Services['directory'], account: string, mailbox: string) {
  const entries = await directory.shares.read({ account, mailbox });
  return entries.map(({ name, isNegative, rights }) => ({
    who: `${isNegative ? '-' : ''}${name ?? 'anyone'}`,
    rights: formatRights(rights),
  }));
}

/** As the store spells names: NFC, and INBOX in any case (RFC 9051 §5.1). */
const spelled = (mailbox: string) => (mailbox.toUpperCase() === 'INBOX' ? 'INBOX' : mailbox.normalize('NFC'));

function declared(text: string) {
  const { value, problems } = readDeclarationText(text);
  // They are kept sealed by a key that the command line has at hand.
  if (value !== null && value.routeSecrets.size > 0) {
    throw new Problem(422, 'invalid', 'It has secrets of routes in it: apply it by `postel config apply`.');
  }
  if (value !== null) return value;
  const [first] = problems;
  const more = problems.length > 1 ? `, and ${problems.length - 1} more` : '';
  throw new Problem(422, 'invalid', `Line ${first?.line ?? 1}: ${first?.message ?? 'cannot be read'}${more}.`);
}

const present = (differences: readonly StateDifference[]) =>
  differences.map(({ kind, name, before, after }) => ({ kind, name, before, after }));
