/** SCRAM over SMTP: the server's last message comes in a 334, and is answered by an empty line (RFC 4954 §4). */
import { TLSSocket } from 'node:tls';
import { type ClientConnection, chooseClientMechanism } from '@postel/sasl';
import { expect, test } from 'vitest';
import { MailServer } from '../testing/mail-server.ts';
import { SmtpClient } from '../testing/smtp-client.ts';

const server = new MailServer();
const { ports, ca } = server.postel;

const connection: ClientConnection = {
  hasTrustedTls: true,
  channelBinding: null,
  hasClientCertificate: false,
  service: 'smtp',
  host: 'localhost',
  port: ports.submissions,
};

for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
  test(`a client that binds to ${version} logs in by SCRAM-SHA-256-PLUS, one that cannot by SCRAM-SHA-256`, async () => {
    const mary = await server.addAccount();
    const options = { ca, minVersion: version, maxVersion: version };
    for (const expected of ['SCRAM-SHA-256-PLUS', 'SCRAM-SHA-256']) {
      await using client = await SmtpClient.connectTls(ports.submissions, options);
      await client.reply();
      client.send('EHLO client.example\r\n');
      const offered = (await client.reply()).flatMap((line) => /^250.AUTH (.*)/.exec(line)?.[1]?.split(' ') ?? []);
      const channelBinding = expected.endsWith('-PLUS') ? channelBindingOf(client) : null;
      const { name, exchange } = chooseClientMechanism(
        offered,
        { authenticationIdentity: mary.address, password: mary.password },
        { ...connection, channelBinding },
      );
      expect(name).toBe(expected);
      const first = await client.command(`AUTH ${name} ${(await exchange.initialResponse())?.toString('base64')}`);
      const serverFirst = Buffer.from(first.slice('334 '.length), 'base64');
      const serverFinal = await client.command((await exchange.respond(serverFirst)).toString('base64'));
      expect(serverFinal).toMatch(/^334 /);
      const last = await exchange.respond(Buffer.from(serverFinal.slice('334 '.length), 'base64'));
      expect(last).toHaveLength(0);
      expect(await client.command('')).toMatch(/^235 2\.7\.0 /);
      exchange.succeeded();
      expect(await client.command(`MAIL FROM:<${mary.address}>`)).toMatch(/^250 /);
    }
  });
}

function channelBindingOf({ socket }: SmtpClient): ClientConnection['channelBinding'] {
  if (!(socket instanceof TLSSocket)) return null;
  if (socket.getProtocol() === 'TLSv1.2') return { type: 'tls-unique', data: socket.getFinished() ?? Buffer.alloc(0) };
  return {
    type: 'tls-exporter',
    data: socket.exportKeyingMaterial(32, 'EXPORTER-Channel-Binding', Buffer.alloc(0)),
  };
}
