import { parseAddress } from '@postel/directory';
import type { FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { autoconfigDocument, autodiscoverDocument, type ConfiguredServers } from '../autoconfig-documents.ts';
import { absent } from '../problem.ts';
import type { Services } from '../services.ts';
import type { WebApi } from '../web-api.ts';

const ADDRESS_CHARACTERS = 400;
const ADDRESS = /<EMailAddress>\s{0,100}([^<>\s]{3,400})\s{0,100}<\/EMailAddress>/i;

/**
 * What mail programs ask for to set themselves up by an address alone. It is the same for every address of a domain that is here: who has
 * an account is told to nobody.
 */
export function addAutoconfigRoutes(
  api: WebApi,
  services: Pick<Services, 'hostname' | 'directory' | 'mailPorts'>,
): void {
  const { hostname, directory, mailPorts } = services;
  const servers = serversOf(hostname, mailPorts);
  const config = { access: 'public' } as const;
  const query = Type.Object({ emailaddress: Type.Optional(Type.String({ maxLength: ADDRESS_CHARACTERS })) });

  for (const url of ['/.well-known/autoconfig/mail/config-v1.1.xml', '/mail/config-v1.1.xml']) {
    api.get(url, { config, schema: { hide: true, querystring: query } }, async (request, reply) => {
      const { emailaddress = null } = request.query;
      const domain = await localDomain(emailaddress === null ? hostDomain(request) : domainOf(emailaddress));
      return reply.type('application/xml; charset=utf-8').send(autoconfigDocument(domain, servers));
    });
  }

  api.register(async (xml) => {
    for (const type of ['text/xml', 'application/xml']) {
      xml.addContentTypeParser(type, { parseAs: 'string' }, (_, body, done) => done(null, body));
    }
    for (const url of ['/autodiscover/autodiscover.xml', '/Autodiscover/Autodiscover.xml']) {
      xml.post(url, { config, schema: { hide: true } }, async (request, reply) => {
        const [, address = ''] = ADDRESS.exec(typeof request.body === 'string' ? request.body : '') ?? [];
        await localDomain(domainOf(address));
        return reply.type('application/xml; charset=utf-8').send(autodiscoverDocument(address, servers));
      });
    }
  });

  /** @throws as if nothing were there */
  async function localDomain(domain: string | null): Promise<string> {
    if (domain === null) throw absent('configuration');
    return await directory.domainName(domain).catch(() => {
      throw absent('configuration');
    });
  }
}

const domainOf = (address: string): string | null => parseAddress(address)?.domain ?? null;

/** `autoconfig.example.com`, or the domain itself, where `/.well-known/` is asked. */
const hostDomain = ({ hostname }: FastifyRequest): string => hostname.toLowerCase().replace(/^autoconfig\./, '');

function serversOf(hostname: string, ports: Services['mailPorts']): ConfiguredServers {
  const server = (port: number | null, security: 'TLS' | 'STARTTLS') => (port === null ? [] : [{ port, security }]);
  return {
    hostname,
    incoming: [...server(ports.imaps, 'TLS'), ...server(ports.imap, 'STARTTLS')],
    outgoing: [...server(ports.submissions, 'TLS'), ...server(ports.submission, 'STARTTLS')],
  };
}
