import { test } from 'vitest';
import { MailServer } from '../testing/mail-server.ts';

const server = new MailServer();

test('RFC 5161 §3.1: what is not known, or needs not be enabled, is passed over', async () => {
  await using client = await server.connect();
  await client.dialogue`
    C: t1 ENABLE X-GOOD-IDEA
    S: t1 BAD Log in first...
  `;
  await using mary = await server.logIn();
  await mary.dialogue`
    C: t1 CAPABILITY
    S: * CAPABILITY {names}
    S: t1 OK ...
    C: t2 ENABLE X-GOOD-IDEA IDLE LITERAL+
    S: * ENABLED
    S: t2 OK ...
    C: t3 CAPABILITY
    S: * CAPABILITY {names}
    S: t3 OK ...
    C: t4 ENABLE
    S: t4 BAD ...
    C: t5 ENABLE (IDLE)
    S: t5 BAD ...
    C: t6 ENABLE IDLE  UIDPLUS
    S: t6 BAD ...
  `;
});
