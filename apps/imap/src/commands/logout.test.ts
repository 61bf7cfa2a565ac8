import { test } from 'vitest';
import { MailServer } from '../testing/mail-server.ts';

const server = new MailServer();

test('LOGOUT in every state: BYE, OK, and the connection ends; what stands behind is not run', async () => {
  await using client = await server.connect();
  await client.dialogue`
    C: a1 LOGOUT
    C: a2 CAPABILITY
    S: * BYE ...
    S: a1 OK ...
    S: (closed)
  `;
  await using mary = await server.logIn();
  await mary.dialogue`
    C: a1 SELECT INBOX
    S: ...
    S: a1 OK ...
    C: a2 LOGOUT
    S: * BYE ...
    S: a2 OK ...
    S: (closed)
  `;
});

test('a client that closes its side first still hears the answers to what it said', async () => {
  await using client = await server.connect();
  client.send('a1 NOOP\r\na2 CAPABILITY\r\n');
  client.halfClose();
  await client.dialogue`
    S: a1 OK ...
    S: * CAPABILITY ...
    S: a2 OK ...
    S: (closed)
  `;
});
