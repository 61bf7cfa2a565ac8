import { queueOperations } from '@postel/operations';
import { listTlsHosts } from '@postel/queue';
import { Type } from 'typebox';
import { actorOf } from '../access.ts';
import { LISTED_TLS_ALARMS } from '../limits.ts';
import { Certificate, CheckedDomain, ForgetHosts, ForgottenHosts, TlsAlarm } from '../schemas/health.ts';
import type { Services } from '../services.ts';
import type { WebApi } from '../web-api.ts';

const config = { access: 'admin' } as const;
const tags = ['server'];

/** What will need somebody: certificates, the DNS of domains, other servers without TLS. */
export function addAdminHealthRoutes(api: WebApi, { certificates, directory, domainChecks, database }: Services): void {
  api.get(
    '/api/v1/admin/certificates',
    { config, schema: { summary: 'The certificates in use', tags, response: { 200: Type.Array(Certificate) } } },
    async () =>
      certificates.list().map(({ names, issuer, validFrom, validUntil, certFile }) => ({
        names: [...names],
        issuer,
        validFrom: validFrom.toISOString(),
        validUntil: validUntil.toISOString(),
        file: certFile,
      })),
  );

  api.get(
    '/api/v1/admin/domain-checks',
    {
      config,
      schema: {
        summary: 'Whether the DNS has what the domains need, as it was looked for last; what is old is looked for anew',
        tags,
        response: { 200: Type.Array(CheckedDomain) },
      },
    },
    async () => [...(await domainChecks.read())],
  );

  api.get(
    '/api/v1/admin/tls-alarms',
    {
      config,
      schema: {
        summary: 'Mail servers that had TLS and have none any more: mail for them waits',
        tags,
        response: { 200: Type.Array(TlsAlarm) },
      },
    },
    async () => {
      const hosts = await listTlsHosts(database.sql, false, LISTED_TLS_ALARMS);
      return hosts.map(({ host, seenAt, missingSince, missingReason }) => ({
        host,
        seenAt: seenAt.toISOString(),
        missingSince: missingSince?.toISOString() ?? null,
        reason: missingReason,
      }));
    },
  );

  api.post(
    '/api/v1/admin/tls-alarms/forget',
    {
      config,
      schema: {
        summary: 'Forget that mail servers had TLS, so that mail for them goes without',
        tags,
        body: ForgetHosts,
        response: { 200: ForgottenHosts },
      },
    },
    async (request) => {
      const hosts = request.body.hosts.map((host) => host.toLowerCase());
      return { hosts: [...(await queueOperations(directory.as(actorOf(request))).forgetTlsHosts(hosts))] };
    },
  );
}
