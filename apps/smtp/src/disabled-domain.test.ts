/** A domain that takes no mail for now: docs/addresses.md. */
import { expect, test } from 'vitest';
import { startOwnServer } from './testing/own-server.ts';

test('mail for a disabled domain waits with its senders, and comes once it is enabled', async () => {
  await using server = await startOwnServer({}, { kind: 'lmtp' });
  const { directory } = server;
  await directory.addDomain('example.com');
  await directory.addAddress('mary', 'mary@example.com');
  await directory.aliases.add('team@example.com', ['mary@localhost']);
  await directory.aliases.add('all@localhost', ['mary@example.com']);
  await directory.changeDomain('example.com', { isDisabled: true });
  await using client = await server.connect();
  await client.dialogue`
    C: MAIL FROM:<somebody@example.net>
    C: RCPT TO:<mary@example.com>
    C: RCPT TO:<team@example.com>
    C: RCPT TO:<all@localhost>
    C: RCPT TO:<nobody@example.com>
    C: RCPT TO:<mary@localhost>
    C: RSET
    S: 250 ...
    S: 450 4.2.1 ...
    S: 450 4.2.1 ...
    S: 450 4.2.1 ...
    S: 550 5.1.1 ...
    S: 250 ...
    S: 250 ...
  `;
  await directory.changeDomain('example.com', { isDisabled: false });
  await client.dialogue`
    C: MAIL FROM:<somebody@example.net>
    C: RCPT TO:<mary@example.com>
    C: RCPT TO:<team@example.com>
    C: RSET
    S: 250 ...
    S: 250 ...
    S: 250 ...
    S: 250 ...
  `;
});

test('nobody sends from a disabled domain', async () => {
  await using server = await startOwnServer({}, { kind: 'submission' });
  const { directory } = server;
  await directory.addDomain('example.com');
  await directory.addAddress('mary', 'mary@example.com');
  await directory.aliases.add('team@example.com', ['mary@localhost']);
  await directory.aliases.change('team@example.com', { maySendAs: true });
  await using client = await server.logIn();
  const mail = (from: string) => client.command(`MAIL FROM:<${from}>`);
  for (const from of ['mary@example.com', 'team@example.com']) {
    expect(await mail(from)).toMatch(/^250 /);
    await client.command('RSET');
  }
  await directory.changeDomain('example.com', { isDisabled: true });
  for (const from of ['mary@example.com', 'team@example.com']) expect(await mail(from)).toMatch(/^550 /);
  expect(await mail('mary@localhost')).toMatch(/^250 /);
});
