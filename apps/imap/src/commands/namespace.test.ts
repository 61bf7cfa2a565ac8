import { test } from 'vitest';
import { MailServer } from '../testing/mail-server.ts';

const server = new MailServer();

test('RFC 2342 §5: a personal namespace, and one for the mailboxes of others', async () => {
  await using client = await server.connect();
  await client.dialogue`
    C: a1 NAMESPACE
    S: a1 BAD Log in first...
  `;
  await using mary = await server.logIn();
  await mary.dialogue`
    C: a1 NAMESPACE
    S: * NAMESPACE (("" "/")) (("Other Users/" "/")) NIL
    S: a1 OK ...
    C: a2 NAMESPACE ""
    S: a2 BAD ...
  `;
});
