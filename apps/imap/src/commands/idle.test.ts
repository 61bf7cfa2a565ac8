import { expect, test, vi } from 'vitest';
import { MailServer } from '../testing/mail-server.ts';

const server = new MailServer();

test('IDLE tells at once of arrivals, flags and removals by another connection', async () => {
  const account = await server.addAccount();
  await using mary = await server.logIn(account);
  await using other = await server.logIn(account);
  await other.command('SELECT INBOX');
  await mary.dialogue`
    C: a1 SELECT INBOX
    S: ...
    S: a1 OK ...
    C: a2 IDLE
    S: + idling
  `;
  await other.append('INBOX', 'Subject: one\r\n\r\n');
  await mary.dialogue`
    S: * 1 EXISTS
    S: * {recent} RECENT
  `;
  await other.command('STORE 1 +FLAGS (\\Flagged $New)');
  await mary.dialogue`
    S: * FLAGS (\Answered \Flagged \Deleted \Seen \Draft $New)
    S: * 1 FETCH (UID 1 FLAGS (\Flagged{recent}$New))
  `;
  await other.command('STORE 1 +FLAGS (\\Deleted)');
  await other.command('EXPUNGE');
  await mary.dialogue`
    S: * 1 FETCH (UID 1 FLAGS (...))
    S: * 1 EXPUNGE
    C: DONE
    S: a2 OK ...
    C: a3 NOOP
    S: a3 OK ...
  `;
});

test('IDLE first tells what is new', async () => {
  const account = await server.addAccount();
  await using mary = await server.logIn(account);
  await using other = await server.logIn(account);
  await mary.command('SELECT INBOX');
  await other.append('INBOX', 'Subject: one\r\n\r\n');
  await mary.dialogue`
    C: a1 IDLE
    S: * 1 EXISTS
    S: * 1 RECENT
    S: + idling
    C: done
    S: a1 OK ...
  `;
});

test('IDLE without a mailbox waits, and anything but DONE is BAD', async () => {
  await using mary = await server.logIn();
  await mary.dialogue`
    C: a1 IDLE
    S: + idling
    C: DONE
    S: a1 OK ...
    C: a2 IDLE
    S: + idling
    C: a3 NOOP
    S: a2 BAD DONE is expected...
    C: a4 NOOP
    S: a4 OK ...
    C: a5 IDLE now
    S: a5 BAD ...
  `;
  await using client = await server.connect();
  await client.dialogue`
    C: a1 IDLE
    S: a1 BAD Log in first...
  `;
});

test('IDLE loses nothing of what comes while it begins', async () => {
  const account = await server.addAccount();
  await using mary = await server.logIn(account);
  await using second = await server.logIn(account);
  await using third = await server.logIn(account);
  await mary.command('SELECT INBOX');
  for (let count = 2; count <= 80; count += 2) {
    // DONE only when both arrivals are told: if one falls into the gap, that is never.
    const appended = [second, third].map((client) => client.append('INBOX', 'Subject: one\r\n\r\n'));
    mary.send('i IDLE\r\n');
    let told = '';
    while (!told.startsWith(`* ${count} EXISTS`)) told = (await mary.line()) ?? 'closed';
    await Promise.all(appended);
    mary.send('DONE\r\n');
    await mary.answer('i');
  }
});

test('a client that leaves in the middle of IDLE leaves nothing behind, in the log neither', async () => {
  await using imap = await server.startProcess();
  const account = await server.addAccount();
  for (const leave of ['reset', 'halfClose'] as const) {
    await using mary = await server.logIn(account, imap.port);
    await mary.command('SELECT INBOX');
    await mary.dialogue`
      C: a1 IDLE
      S: + idling
    `;
    mary[leave]();
  }
  await vi.waitFor(async () => {
    const metrics = JSON.stringify(await imap.app.metrics());
    expect(metrics).toMatch(
      /"value":0,"labels":\{\}[^[]*"postel_imap_connections"|"name":"postel_imap_connections"[^[]*"values":\[\{"value":0/,
    );
  });
  expect(imap.problems).toEqual([]);
});
