import { countDefaultEffects, type Directory, PREFIX_LIMITS } from '@postel/directory';
import { Type } from 'typebox';
import { actorOf } from '../access.ts';
import { edit, showVersioned } from '../edits.ts';
import { ChangedSettings, LoginLimit, Settings, SettingsEffect } from '../schemas/settings.ts';
import type { Services } from '../services.ts';
import type { WebApi } from '../web-api.ts';

const config = { access: 'admin' } as const;
const tags = ['server'];
const MINUTE_MS = 60_000;

/** As large as each of them is (packages/directory, address-prefix.ts). */
const PREFIXES = { host: '/32, /64', site: '/26, /48', region: '/21, /32 (IPv6)' } as const satisfies Record<
  keyof typeof PREFIX_LIMITS,
  string
>;

/** What holds for every account that has no limits of its own. */
export function addAdminSettingsRoutes(api: WebApi, { directory, database }: Services): void {
  api.get(
    '/api/v1/admin/settings',
    { config, schema: { summary: 'The limits that all accounts have', tags, response: { 200: Settings } } },
    async (_request, reply) => showVersioned(reply, await read(directory)),
  );

  api.post(
    '/api/v1/admin/settings/effect',
    {
      config,
      schema: {
        summary: 'What a change of them would do; nothing is changed',
        tags,
        body: ChangedSettings,
        response: { 200: SettingsEffect },
      },
    },
    (request) => countDefaultEffects(database.sql, request.body),
  );

  api.patch(
    '/api/v1/admin/settings',
    {
      config,
      schema: {
        summary: 'Change the limits that all accounts have',
        tags,
        body: ChangedSettings,
        response: { 200: Settings },
      },
    },
    async (request, reply) => {
      const { octets, messages, mailboxes, ...sending } = request.body;
      const holding = {
        ...(octets === undefined ? {} : { octets }),
        ...(messages === undefined ? {} : { messages }),
        ...(mailboxes === undefined ? {} : { mailboxes }),
      };
      const changing = directory.as(actorOf(request));
      const changed = await edit(request, reply, {
        directory: changing,
        read,
        change: (now) => now.submission.changeDefault(sending),
      });
      if (Object.keys(holding).length === 0) return changed;
      // Each account that has it is changed: that takes long, and so is none of the transaction.
      await changing.quotas.changeDefault(holding);
      return showVersioned(reply, await read(directory));
    },
  );

  api.get(
    '/api/v1/admin/settings/login-limits',
    {
      config,
      schema: { summary: 'How many logins may fail from where', tags, response: { 200: Type.Array(LoginLimit) } },
    },
    async () =>
      (['host', 'site', 'region'] as const).map((size) => ({
        prefix: PREFIXES[size],
        failures: PREFIX_LIMITS[size].limit,
        minutes: PREFIX_LIMITS[size].intervalMs / MINUTE_MS,
      })),
  );
}

async function read({ quotas, submission }: Pick<Directory, 'quotas' | 'submission'>): Promise<Settings> {
  const quota = await quotas.readDefault();
  const sending = await submission.readDefault();
  const { octets, messages, mailboxes } = quota;
  const { messagesADay, newRecipientsADay, messageOctets } = sending;
  return { octets, messages, mailboxes, messagesADay, newRecipientsADay, messageOctets };
}
