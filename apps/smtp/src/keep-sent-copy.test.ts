import { expect, test } from 'vitest';
import { type OwnServer, startOwnServer } from './testing/own-server.ts';

const LATER = new Date(Date.now() + 3_600_000);

async function send(server: OwnServer): Promise<void> {
  await using client = await server.logIn();
  await client.dialogue`
    C: MAIL FROM:<mary@localhost>
    C: RCPT TO:<john@localhost>
    C: RCPT TO:<mary+self@localhost>
    C: DATA
    S: 250 ...
    S: 250 ...
    S: 250 ...
    S: 354 ...
    C: From: mary@localhost
    C: To: john@localhost
    C: Bcc: mary+self@localhost
    C: Subject: kept
    C:
    C: text
    C: .
    S: 250 ...
  `;
}

async function sentOf(server: OwnServer, name = 'Sent') {
  const { store, directory, sql } = server;
  const account = (await directory.identify('mary'))?.accountId;
  if (account === undefined) throw new Error('no account');
  const mailbox = await store.mailboxes.find(account, name);
  const rows = await sql<{ prefix: string; octets: string; flags: number; contents: number }[]>`
    select convert_from(d.prefix, 'UTF8') as prefix, convert_from(c.octets, 'UTF8') as octets, m.flags,
           (select count(*)::integer from contents as x where x.account_id = m.account_id) as contents
      from messages as m join contents as c using (account_id, content_id)
      left join deliveries as d on d.account_id = m.account_id and d.email_id = m.email_id
     where m.account_id = ${account} and m.mailbox_id = ${mailbox?.id ?? 0}`;
  return [...rows];
}

test('a copy of what was sent is kept if the account wants it, with Bcc, and read', async () => {
  await using server = await startOwnServer();
  await server.directory.addAccount({ name: 'john', address: 'john@localhost', password: null });
  await send(server);
  expect(await sentOf(server)).toEqual([]);
  await server.directory.submission.change('mary', { keepsSent: true });
  await server.sql`delete from messages`;
  await send(server);
  const [copy, ...others] = await sentOf(server);
  expect(others).toEqual([]);
  expect(copy?.octets).toBe('From: mary@localhost\r\nTo: john@localhost\r\nSubject: kept\r\n\r\ntext\r\n');
  expect(copy?.prefix).toMatch(/^Message-ID: .+\r\nDate: .+\r\nBcc: mary\+self@localhost\r\n$/);
  expect(copy?.flags).toBe(1);
  expect(copy?.contents).toBe(1); // the one in INBOX is the same content
  for (const name of ['mary', 'john']) {
    expect((await server.messages(`${name}@localhost`)).at(-1)?.prefix).not.toMatch(/^bcc/im);
  }
});

test('a copy that has no room waits, and the message goes', async () => {
  await using server = await startOwnServer();
  await server.directory.addAccount({ name: 'john', address: 'john@localhost', password: null });
  await server.directory.submission.change('mary', { keepsSent: true });
  await server.sql`update accounts set quota_messages = 1 where name = 'mary'`;
  await send(server);
  expect(await server.messages('john@localhost')).toHaveLength(1);
  expect(await sentOf(server)).toEqual([]);
  await server.sql`update accounts set quota_messages = null`;
  expect(await server.store.arrivals.deliverWaiting(LATER)).toEqual({ delivered: 1, failed: 0 });
  const [copy] = await sentOf(server);
  expect(copy?.flags).toBe(1);
  expect(copy?.prefix).toContain('Bcc: ');
  const [{ details } = { details: null }] = await server.sql`
    select details from deliveries where forward_path = 'mary@localhost' and prefix_text like '%bcc%'`;
  expect(details).toMatchObject({ sender: 'mary', recipients: [{ forwardPath: 'john@localhost' }, {}] });
});
