import { type CheckedRecord, checkRecords, domainRecords } from '@postel/domain-records';
import type { FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { requireTheirs } from '../access.ts';
import { NAME_CHARACTERS } from '../limits.ts';
import { DnsRecords } from '../schemas/dns.ts';
import type { Services } from '../services.ts';
import type { WebApi } from '../web-api.ts';

const config = { access: 'domains' } as const;
const tags = ['domains'];
const params = Type.Object({ name: Type.String({ maxLength: NAME_CHARACTERS }) });

/** The DNS records that a domain needs, and whether the DNS has them. */
export function addAdminDnsRoutes(api: WebApi, { directory, dns, domainChecks }: Services): void {
  api.get(
    '/api/v1/admin/domains/:name/records',
    { config, schema: { summary: 'The DNS records that a domain needs', tags, params, response: { 200: DnsRecords } } },
    async (request) => {
      const { records, ...rest } = await read(request, request.params.name);
      return { ...rest, records: records.map((record) => ({ ...record, check: null })) };
    },
  );

  api.get(
    '/api/v1/admin/domains/:name/records/check',
    { config, schema: { summary: 'The same, and what the DNS has', tags, params, response: { 200: DnsRecords } } },
    async (request) => {
      const { records, host, mtaSts, ...rest } = await read(request, request.params.name);
      const { resolver, knowsDnssec } = dns;
      const checked = await checkRecords(records, { resolver, knowsDnssec, host, mtaSts });
      domainChecks.note(rest.domain, checked);
      return { ...rest, records: checked.map(present) };
    },
  );

  async function read(request: FastifyRequest, given: string) {
    await requireTheirs(directory, request, { domain: given });
    const domain = await directory.domainName(given);
    const [keys, host, mtaSts] = await Promise.all([
      directory.dkimKeys.list(domain),
      dns.host(),
      directory.mtaStsMode(domain),
    ]);
    return {
      domain,
      hostname: host.hostname,
      isSigned: keys.some(({ state }) => state !== 'retired'),
      knowsAddresses: host.addresses.length > 0,
      records: domainRecords(domain, keys, host, { mtaSts }),
      host,
      mtaSts,
    };
  }
}

const present = ({ record, state, found, note, isTrouble }: CheckedRecord) => ({
  ...record,
  check: { state, found: [...found], note, isTrouble },
});
