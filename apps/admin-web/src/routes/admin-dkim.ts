import { DKIM_ALGORITHMS, type DkimKeySummary } from '@postel/directory';
import { dkimRecordName, dkimRecordValue, rotateDkimKeys } from '@postel/domain-records';
import { Type } from 'typebox';
import { manage, requireTheirs } from '../access.ts';
import { NAME_CHARACTERS } from '../limits.ts';
import { type DkimKey, DkimKeyList, NewDkimKeys, RotateDkimKeys, RotatedDkimKeys } from '../schemas/dkim.ts';
import type { Services } from '../services.ts';
import type { WebApi } from '../web-api.ts';

const config = { access: 'domains' } as const;
const tags = ['domains'];
const Name = Type.String({ maxLength: NAME_CHARACTERS });
const params = Type.Object({ name: Name });

/** The keys that sign the mail of a domain (RFC 6376). Their private parts are never shown. */
export function addAdminDkimRoutes(api: WebApi, { directory, dns }: Services): void {
  api.get(
    '/api/v1/admin/domains/:name/dkim',
    { config, schema: { summary: 'The DKIM keys of a domain', tags, params, response: { 200: DkimKeyList } } },
    async (request) => {
      const { name } = request.params;
      await requireTheirs(directory, request, { domain: name });
      return (await directory.dkimKeys.list(name)).map(present);
    },
  );

  api.post(
    '/api/v1/admin/domains/:name/dkim',
    {
      config,
      schema: {
        summary: 'Make DKIM keys, which sign once the DNS has them',
        tags,
        params,
        body: NewDkimKeys,
        response: { 201: DkimKeyList },
      },
    },
    async (request, reply) => {
      const { name } = request.params;
      const { dkimKeys } = await manage(directory, request, { domain: name });
      const has = await dkimKeys.list(name);
      const lacks = DKIM_ALGORITHMS.filter(
        (algorithm) => !has.some((key) => key.algorithm === algorithm && key.state !== 'retired'),
      );
      const made: DkimKeySummary[] = [];
      for (const type of request.body.type === undefined ? lacks : [request.body.type])
        made.push(await dkimKeys.add(name, type));
      return reply.code(201).send(made.map(present));
    },
  );

  api.post(
    '/api/v1/admin/domains/:name/dkim/rotate',
    {
      config,
      schema: {
        summary: 'The next step in replacing the keys: make new ones, or see whether the DNS has those that wait',
        tags,
        params,
        body: RotateDkimKeys,
        response: { 200: RotatedDkimKeys },
      },
    },
    async (request) => {
      const { name } = request.params;
      const { dkimKeys } = await manage(directory, request, { domain: name });
      const { isNow = false } = request.body;
      const { made, looks } = await rotateDkimKeys(dns.resolver, dkimKeys, name, isNow);
      return {
        made: made.map(({ selector }) => selector),
        looks: looks.map(({ key, state }) => ({
          selector: key.selector,
          dns: state,
          isActive: key.state === 'active',
        })),
      };
    },
  );

  api.delete(
    '/api/v1/admin/domains/:name/dkim/:selector',
    {
      config,
      schema: {
        summary: 'Remove a DKIM key; it does not come back',
        tags,
        params: Type.Object({ name: Name, selector: Name }),
        response: { 204: Type.Null() },
      },
    },
    async (request, reply) => {
      const { name, selector } = request.params;
      await (await manage(directory, request, { domain: name })).dkimKeys.remove(name, selector);
      return reply.code(204).send(null);
    },
  );
}

function present(key: DkimKeySummary): DkimKey {
  const { selector, algorithm, state, createdAt, seenAt, activeSince, retiredAt, publishedUntil } = key;
  const at = (date: Date | null) => date?.toISOString() ?? null;
  return {
    selector,
    algorithm,
    state,
    record: { name: dkimRecordName(key), type: 'TXT', value: dkimRecordValue(key) },
    createdAt: createdAt.toISOString(),
    seenAt: at(seenAt),
    activeSince: at(activeSince),
    retiredAt: at(retiredAt),
    publishedUntil: at(publishedUntil),
  };
}
