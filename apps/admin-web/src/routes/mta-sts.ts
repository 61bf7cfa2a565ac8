import { mtaStsPolicy } from '@postel/tls-policy';
import { absent } from '../problem.ts';
import type { Services } from '../services.ts';
import type { WebApi } from '../web-api.ts';

/** RFC 8461 §3.2. */
const POLICY_HOST = /^mta-sts\.(.{1,253})$/i;

/** The policy of each domain, at its own host name: mail for it comes to this host, under TLS. Its record has the same (`config dnsrecords`). */
export function addMtaStsRoute(api: WebApi, { hostname, directory }: Pick<Services, 'hostname' | 'directory'>): void {
  const options = { config: { access: 'public' }, schema: { hide: true } } as const;
  api.get('/.well-known/mta-sts.txt', options, async (request, reply) => {
    const [, domain] = POLICY_HOST.exec(request.hostname) ?? [];
    if (domain === undefined) throw absent('policy');
    const mode = await directory.mtaStsMode(domain);
    return reply.type('text/plain; charset=us-ascii').send(mtaStsPolicy(hostname, mode).text);
  });
}
