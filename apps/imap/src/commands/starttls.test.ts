import { once } from 'node:events';
import { connect } from 'node:net';
import { expect, test, vi } from 'vitest';
import { MailServer } from '../testing/mail-server.ts';

const server = new MailServer();

test('hardening 6: STARTTLS, then everything anew, and no second STARTTLS', async () => {
  const { name, password } = await server.addAccount();
  await using client = await server.connect();
  await client.dialogue`
    C: a1 STARTTLS
    S: a1 OK ...
  `;
  await client.startTls({ ca: server.postel.ca });
  await client.dialogue`
    C: a1 CAPABILITY
    S: * CAPABILITY ... AUTH=PLAIN...
    S: a1 OK ...
    C: a2 STARTTLS
    S: a2 BAD TLS is active already...
    C: a3 LOGIN ${name} ${password}
    S: a3 OK ...
    C: a4 SELECT INBOX
    S: ...
    S: a4 OK [READ-WRITE]...
    C: a5 LOGOUT
    S: * BYE ...
    S: a5 OK ...
    S: (closed)
  `;
});

test('hardening 5: what stands in the packet behind STARTTLS is never executed', async () => {
  const { name, password } = await server.addAccount();
  await using client = await server.connect();
  client.send(`a1 STARTTLS\r\na2 LOGIN ${name} ${password}\r\na3 SELECT INBOX\r\n`);
  const lines = await client.closed();
  expect(lines).toEqual([expect.stringMatching(/^a1 OK /)]);
  await vi.waitFor(() => expect(server.log()).toContain('commands were sent in the clear behind STARTTLS'));
});

test('hardening 5: plain text after the OK closes the connection, and the log says why', async () => {
  await using client = await server.connect();
  const { tagged } = await client.command('LOGIN');
  const id = /\((\S+)\)$/.exec(tagged)?.[1] ?? '';
  await client.dialogue`
    C: a1 STARTTLS
    S: a1 OK ...
  `;
  client.send('a2 CAPABILITY\r\n');
  expect((await client.closed()).join()).not.toMatch(/CAPABILITY/);
  await vi.waitFor(() =>
    expect(
      server
        .log()
        .split('\n')
        .find((line) => line.includes(`"${id}"`) && line.includes('TLS handshake failed')),
    ).toBeDefined(),
  );
});

test('hardening 6: STARTTLS with parameters, and after login', async () => {
  await using client = await server.connect();
  await client.dialogue`
    C: a1 STARTTLS now
    S: a1 BAD ...
  `;
  await using mary = await server.logIn();
  await mary.dialogue`
    C: a1 STARTTLS
    S: a1 BAD Already logged in...
  `;
});

test('hardening 6: what the client said in the clear that it is goes for nothing', async () => {
  const { name, password } = await server.addAccount();
  await using client = await server.connect();
  await client.dialogue`
    C: a1 ID ("name" "Forged")
    S: * ID ...
    S: a1 OK ...
    C: a2 STARTTLS
    S: a2 OK ...
  `;
  await client.startTls({ ca: server.postel.ca });
  await client.dialogue`
    C: a3 LOGIN ${name} ${password}
    S: a3 OK ...
    C: a4 ID ("name" "Mutt")
    S: * ID ...
    S: a4 OK ...
  `;
  const filter = { accountName: name, onlyFailed: false, since: new Date(0), limit: 10 };
  const logins = () => server.postel.useDirectory((directory) => directory.listLogins(filter));
  await vi.waitFor(async () => expect(await logins()).toMatchObject([{ outcome: 'success', program: 'Mutt' }]), 10_000);
});

test('who closes in the middle of the handshake is gone at once', async () => {
  await using client = await server.connect();
  await client.dialogue`
    C: a1 STARTTLS
    S: a1 OK ...
  `;
  client.halfClose();
  await client.closed();
  const silent = connect({ host: '127.0.0.1', port: server.postel.ports.imaps, allowHalfOpen: true });
  silent.end();
  await once(silent.resume(), 'end');
});
