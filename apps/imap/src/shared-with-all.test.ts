/** What is shared with everybody, on a server where nobody else is disturbed by it. */
import { startPostel } from '@postel/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { MailServer } from './testing/mail-server.ts';

let postel: Awaited<ReturnType<typeof startPostel>>;
let server: MailServer;
beforeAll(async () => {
  postel = await startPostel();
  server = new MailServer(postel);
});
afterAll(() => postel[Symbol.asyncDispose]());

test('RFC 4314 §2: `anyone` is everybody, less those whose rights are taken away', async () => {
  const [mary, john, third] = [
    await server.addAccount('mary'),
    await server.addAccount('john'),
    await server.addAccount('third'),
  ];
  await using hers = await server.logIn(mary);
  await using his = await server.logIn(john);
  await using theirs = await server.logIn(third);
  await hers.dialogue`
    C: a1 SETACL Archive anyone lrs
    S: a1 OK ...
    C: a2 SETACL Archive -${john.name} s
    S: a2 OK ...
    C: a3 SETACL Archive -${third.name} lr
    S: a3 OK ...
    C: a4 GETACL Archive
    S: * ACL Archive ${mary.name} lrswipkxteacd anyone lrs -${john.name} s -${third.name} lr
    S: a4 OK ...
    C: a5 SELECT Archive
    S: ...
    S: a5 OK [READ-WRITE] ...
    C: a6 LIST "" "Other Users*"
    S: a6 OK ...
    C: a7 SELECT "Other Users/${mary.name}/Archive"
    S: * OK [CLOSED] ...
    S: a7 NO [NONEXISTENT] ...
  `;
  await his.dialogue`
    C: a1 MYRIGHTS "Other Users/${mary.name}/Archive"
    S: * MYRIGHTS "Other Users/${mary.name}/Archive" lr
    S: a1 OK ...
  `;
  await theirs.dialogue`
    C: a1 LIST "" "Other Users*"
    S: a1 OK ...
    C: a2 SELECT "Other Users/${mary.name}/Archive"
    S: a2 NO [NONEXISTENT] ...
  `;
  const adding = server.postel.useDirectory((directory) =>
    directory.addAccount({ name: 'anyone', address: 'anyone@localhost', password: null }),
  );
  await expect(adding).rejects.toMatchObject({ kind: 'invalid-name' });
});

test('who may see the mailboxes of many has them all in one list', async () => {
  const owners = [await server.addAccount('ann'), await server.addAccount('bob')];
  const reader = await server.addAccount('reader');
  for (const owner of owners) {
    await using client = await server.logIn(owner);
    await client.command(`SETACL INBOX ${reader.name} lr`);
    await client.command(`SETMETADATA INBOX (/shared/comment "of ${owner.name.slice(0, 3)}")`);
  }
  await using his = await server.logIn(reader);
  const { untagged } = await his.command('LIST "" "Other Users/*/INBOX" RETURN (METADATA (/shared/comment))');
  expect(untagged).toEqual([
    expect.stringContaining(`${owners[0]?.name}/INBOX`),
    expect.stringContaining('(/shared/comment "of ann")'),
    expect.stringContaining(`${owners[1]?.name}/INBOX`),
    expect.stringContaining('(/shared/comment "of bob")'),
  ]);
});
