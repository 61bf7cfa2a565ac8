/** NOTIFY (RFC 5465) of mailboxes that others share: RFC 4314, RFC 5465 §3.1, §5.4, §5.9. */
import { expect, test } from 'vitest';
import { WATCHED_SHARERS } from '../limits.ts';
import { MailServer } from '../testing/mail-server.ts';

const server = new MailServer();
/** What a new account is subscribed to. */
const OWN = ['INBOX', 'Archive', 'Drafts', 'Junk', 'Sent', 'Trash'];
const MESSAGE = 'Subject: one\r\n\r\nText\r\n';

/** Mary, who has the mailboxes Work and Work/old; and John, who watches and may do nothing with them yet. */
async function maryAndJohn(port?: number) {
  const [mary, john] = [await server.addAccount('mary'), await server.addAccount('john')];
  const [hers, his] = [await server.logIn(mary), await server.logIn(john, port)];
  for (const name of ['Work', 'Work/old']) await hers.command(`CREATE ${name}`);
  const give = async (rights: string, name = 'Work') => {
    expect((await hers.command(`SETACL ${name} ${john.name} "${rights}"`)).tagged).toMatch(/^OK /);
  };
  return {
    hers,
    his,
    john,
    give,
    top: `"Other Users/${mary.name}"`,
    work: `"Other Users/${mary.name}/Work"`,
    old: `"Other Users/${mary.name}/Work/old"`,
    async [Symbol.asyncDispose]() {
      await hers[Symbol.asyncDispose]();
      await his[Symbol.asyncDispose]();
    },
  };
}

test('messages in a mailbox of somebody else are told to who may read it, and asks for it by whatever name', async () => {
  for (const filter of ['mailboxes', 'subtree', 'subscribed'] as const) {
    await using all = await maryAndJohn();
    const { hers, his, work, old, top } = all;
    await all.give('lr');
    await all.give('lrs', 'Work/old');
    await hers.append('Work/old', MESSAGE);
    for (const name of [work, old]) await his.command(`SUBSCRIBE ${name}`);
    const names = { mailboxes: `mailboxes (${work} ${old})`, subtree: `subtree ${top}`, subscribed: 'subscribed' }[
      filter
    ];
    for (const name of OWN) await his.command(`UNSUBSCRIBE ${name}`);
    await his.dialogue`
      C: a1 NOTIFY SET STATUS (${names} (MessageNew MessageExpunge FlagChange))
      S: * STATUS ${work} (MESSAGES 0 UIDNEXT 1 UIDVALIDITY {work} UNSEEN 0 HIGHESTMODSEQ ...)
      S: * STATUS ${old} (MESSAGES 1 UIDNEXT 2 UIDVALIDITY {old} UNSEEN 1 HIGHESTMODSEQ ...)
      S: a1 OK ...
    `;
    await hers.append('Work', MESSAGE);
    await his.dialogue`
      S: * STATUS ${work} (MESSAGES 1 UIDNEXT 2 UIDVALIDITY {u} UNSEEN 1)
    `;
    await hers.append('INBOX', MESSAGE); // of which he knows nothing
    await hers.command('SELECT Work/old');
    await hers.command('STORE 1 +FLAGS (\\Seen)');
    await his.dialogue`
      S: * STATUS ${old} (UIDVALIDITY {u} UNSEEN 0)
    `;
    await his.command(`SELECT ${work}`);
    await hers.append('Work', MESSAGE); // he has selected it, and asked for nothing there
    await hers.append('Work/old', MESSAGE);
    await his.dialogue`
      S: * STATUS ${old} (MESSAGES 2 UIDNEXT 3 UIDVALIDITY {u} UNSEEN 1)
    `;
  }
});

test('personal and inboxes are of one’s own mailboxes', async () => {
  await using all = await maryAndJohn();
  const { hers, his, john, work } = all;
  await all.give('lr');
  await his.command(
    'NOTIFY SET (personal (MailboxName MessageNew MessageExpunge SubscriptionChange)) (inboxes (MessageNew MessageExpunge))',
  );
  await using second = await server.logIn(john);
  await hers.append('Work', MESSAGE);
  await second.command(`SUBSCRIBE ${work}`);
  await second.append('INBOX', MESSAGE);
  expect(await his.line()).toMatch(/^\* STATUS INBOX /);
});

test('RFC 5465 §5.4, §5.9: rights that are given make a mailbox, those taken away remove it, and it comes back', async () => {
  await using all = await maryAndJohn();
  const { hers, his, top, work } = all;
  await his.dialogue`
    C: a1 NOTIFY SET STATUS (subtree "Other Users" (MailboxName MessageNew MessageExpunge))
    S: a1 OK ...
  `;
  await all.give('lr');
  await his.dialogue`
    S: * LIST (\NonExistent \HasChildren) "/" ${top}
    S: * LIST (\HasNoChildren) "/" ${work}
  `;
  await hers.append('Work', MESSAGE);
  await his.dialogue`
    S: * STATUS ${work} (MESSAGES 1 UIDNEXT 2 UIDVALIDITY {u} UNSEEN 1)
  `;
  await all.give('l');
  await his.dialogue`
    S: * LIST (\NoAccess \HasNoChildren) "/" ${work}
  `;
  await hers.append('Work', MESSAGE);
  await all.give('lr');
  await his.dialogue`
    S: * LIST (\HasNoChildren) "/" ${work}
  `;
  await all.give('r'); // as if it was not there
  await his.dialogue`
    S: * LIST (\NonExistent \HasNoChildren) "/" ${top}
    S: * LIST (\NonExistent \HasNoChildren) "/" ${work}
  `;
  await hers.append('Work', MESSAGE);
  await hers.command('DELETEACL Work anyone');
  await all.give('');
  await all.give('lrs');
  await his.dialogue`
    S: * LIST (\NonExistent \HasChildren) "/" ${top}
    S: * LIST (\HasNoChildren) "/" ${work}
  `;
  await hers.append('Work', MESSAGE);
  await his.dialogue`
    S: * STATUS ${work} (MESSAGES 4 UIDNEXT 5 UIDVALIDITY {u} UNSEEN 4)
  `;
});

test('RFC 5465 §3.1: a name that may be listed and not read is told with \\NoAccess, one that may not be listed is not told', async () => {
  await using all = await maryAndJohn();
  const { his, work, old } = all;
  await all.give('l');
  await all.give('r', 'Work/old');
  await his.dialogue`
    C: a1 NOTIFY SET STATUS (mailboxes (${work} ${old} "Other Users/nobody/x" INBOX) (MessageNew MessageExpunge))
    S: * LIST (\NoAccess \HasNoChildren) "/" ${work}
    S: * STATUS INBOX (...)
    S: a1 OK ...
    C: a2 NOTIFY SET (personal (MailboxName))
    S: a2 OK ...
  `;
});

test('mailboxes of others are made, renamed and deleted; not told to who does it', async () => {
  await using all = await maryAndJohn();
  const { hers, his, work, top } = all;
  const name = top.slice(1, -1);
  await all.give('lrkx');
  await his.command(`NOTIFY SET (subtree ${top} (MailboxName))`);
  await hers.command('CREATE Work/new');
  await his.dialogue`
    S: * LIST (\HasChildren) "/" ${work}
    S: * LIST (\HasNoChildren) "/" "${name}/Work/new"
  `;
  await hers.command('RENAME Work Play');
  await his.dialogue`
    S: * LIST (\HasChildren) "/" "${name}/Play" ("OLDNAME" (${work}))
  `;
  for (const command of [
    `CREATE "${name}/Play/his"`,
    `RENAME "${name}/Play/his" "${name}/Play/yours"`,
    `DELETE "${name}/Play/yours"`,
  ])
    expect((await his.command(command)).tagged).toMatch(/^OK /);
  await hers.command('DELETE Play/new');
  await his.dialogue`
    S: * LIST (\HasNoChildren) "/" "${name}/Play"
    S: * LIST (\NonExistent \HasNoChildren) "/" "${name}/Play/new"
  `;
});

test('what is subscribed to is watched from then on, and what is no more is not', async () => {
  await using all = await maryAndJohn();
  const { hers, his, work } = all;
  await all.give('lr');
  await his.command('UNSUBSCRIBE INBOX');
  await his.command(
    'NOTIFY SET (subscribed (MessageNew MessageExpunge)) (mailboxes INBOX (MessageNew MessageExpunge))',
  );
  await hers.append('Work', MESSAGE);
  await his.command(`SUBSCRIBE ${work}`);
  // When it is looked for is nobody's to say: until then what happens there is not told.
  let told = '';
  while (!told.startsWith(`* STATUS ${work} `)) {
    await hers.append('Work', MESSAGE);
    const { untagged } = await his.command('NOOP');
    told = untagged.at(-1) ?? '';
  }
  expect(told).toMatch(/ \(MESSAGES \d+ UIDNEXT \d+ UIDVALIDITY \d+ UNSEEN \d+\)$/);
  await his.command(`UNSUBSCRIBE ${work}`);
});

test('metadata of mailboxes of others: what all see, and one’s own', async () => {
  await using all = await maryAndJohn();
  const { hers, his, john, work, old } = all;
  await all.give('lrw');
  await all.give('l', 'Work/old');
  await using second = await server.logIn(john);
  await his.dialogue`
    C: a1 NOTIFY SET (mailboxes (${work} ${old}) (MailboxMetadataChange))
    S: * LIST (\NoAccess \HasNoChildren) "/" ${old}
    S: a1 OK ...
  `;
  await hers.command('SETMETADATA Work/old (/shared/comment "not to be read")');
  await hers.command('SETMETADATA Work (/private/comment "hers" /shared/comment "for all")');
  await his.dialogue`
    S: * METADATA ${work} /shared/comment
  `;
  await second.command(`SETMETADATA ${work} (/private/comment "his")`);
  await his.dialogue`
    S: * METADATA ${work} /private/comment
  `;
});

test('rights given and changes made in another process are told', async () => {
  await using process = await server.startProcess();
  await using all = await maryAndJohn(process.port);
  const { hers, his, work } = all;
  await his.command('NOTIFY SET (subtree "Other Users" (MailboxName MessageNew MessageExpunge))');
  await all.give('lr');
  await his.dialogue`
    S: ...
    S: * LIST (\HasNoChildren) "/" ${work}
  `;
  await hers.append('Work', MESSAGE);
  await his.dialogue`
    S: * STATUS ${work} (MESSAGES 1 UIDNEXT 2 UIDVALIDITY {u} UNSEEN 1)
  `;
});

test('RFC 5465 §5.8: too many who share are not watched, nor if they become too many', async () => {
  await using all = await maryAndJohn();
  const { his, john, top } = all;
  const others = (count: number) =>
    server.changeRows(
      john,
      `with sharers as (
         insert into accounts (name, next_uidvalidity)
         select 'sharer ' || $1::bigint || ' ' || n || ' of ${count}', 1 from generate_series(1, ${count}) as n returning account_id)
       insert into shares (account_id, owner_id) select $1::bigint, account_id from sharers`,
    );
  try {
    await others(WATCHED_SHARERS);
    await his.command('NOTIFY SET (subtree "Other Users" (MailboxName))');
    await all.give('l');
    await his.dialogue`
    S: * OK [NOTIFICATIONOVERFLOW] ...
    C: a1 NOTIFY SET (subtree "Other Users" (MailboxName))
    S: a1 NO [NOTIFICATIONOVERFLOW] ...
    C: a2 NOTIFY SET (subtree ${top} (MailboxName))
    S: * LIST (\NoAccess \HasNoChildren) "/" ...
    S: a2 OK ...
  `;
  } finally {
    await server.changeRows(john, 'delete from shares where account_id = $1');
    await server.changeRows(john, `delete from accounts where name like 'sharer ' || $1::bigint || ' %'`);
  }
});
