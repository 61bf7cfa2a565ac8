/** GETQUOTA, GETQUOTAROOT and SETQUOTA, what STATUS tells of room, and refusals and warnings of all commands: RFC 9208, RFC 2087. */
import { describe, expect, test } from 'vitest';
import type { ImapClient } from '../testing/imap-client.ts';
import { MailServer } from '../testing/mail-server.ts';

const server = new MailServer();
const kilooctet = `Subject: x\r\n\r\n${'x'.repeat(1_010)}`;

/** The warnings among untagged responses. */
const warnings = (untagged: readonly string[]) => untagged.filter((line) => line.startsWith('* NO '));

async function use(client: ImapClient): Promise<string | undefined> {
  const { untagged } = await client.command('GETQUOTA "User quota"');
  return untagged[0];
}

describe('GETQUOTA and GETQUOTAROOT', () => {
  test('tell the use and the limits of the account, STORAGE in units of 1,024 octets', async () => {
    const account = await server.addAccount();
    await using mary = await server.logIn(account);
    await server.postel.setQuota(account, { octets: 512 * 1_024, messages: 1_000, mailboxes: 20 });
    await mary.dialogue`
      C: a1 GETQUOTA "User quota"
      S: * QUOTA "User quota" (STORAGE 0 512 MESSAGE 0 1000 MAILBOX 6 20)
      S: a1 OK ...
      C: a2 APPEND INBOX {10+}
      C: 0123456789
      S: a2 OK ...
      C: a3 GETQUOTA "User quota"
      S: * QUOTA "User quota" (STORAGE 1 512 MESSAGE 1 1000 MAILBOX 6 20)
      S: a3 OK ...
      C: a4 SELECT INBOX
      S: ...
      S: a4 OK ...
      C: a5 COPY 1 Archive
      S: a5 OK ...
      C: a6 CREATE a/b
      S: a6 OK ...
      C: a7 getquota {10+}
      C: User quota
      S: * QUOTA "User quota" (STORAGE 1 512 MESSAGE 2 1000 MAILBOX 8 20)
      S: a7 OK ...
      C: a8 STORE 1 +FLAGS.SILENT (\Deleted)
      S: a8 OK ...
      C: a9 EXPUNGE
      S: * 1 EXPUNGE
      S: a9 OK ...
      C: b1 DELETE a/b
      S: b1 OK ...
      C: b2 GETQUOTAROOT inbox
      S: * QUOTAROOT INBOX "User quota"
      S: * QUOTA "User quota" (STORAGE 1 512 MESSAGE 1 1000 MAILBOX 7 20)
      S: b2 OK ...
    `;
  });

  test('name no resource that has no limit', async () => {
    const account = await server.addAccount();
    await using mary = await server.logIn(account);
    await mary.dialogue`
      C: a1 GETQUOTAROOT INBOX
      S: * QUOTAROOT INBOX "User quota"
      S: * QUOTA "User quota" ()
      S: a1 OK ...
    `;
    await server.postel.setQuota(account, { messages: 0 });
    expect(await use(mary)).toBe('* QUOTA "User quota" (MESSAGE 0 0)');
    await server.postel.setQuota(account, { messages: null, octets: 1_025 });
    expect(await use(mary)).toBe('* QUOTA "User quota" (STORAGE 0 2)');
  });

  test('RFC 9208 §4.1.2: the name need not be that of a mailbox', async () => {
    await using mary = await server.logIn();
    await mary.dialogue`
      C: a1 GETQUOTAROOT "not/there yet"
      S: * QUOTAROOT "not/there yet" "User quota"
      S: * QUOTA "User quota" ()
      S: a1 OK ...
      C: a2 GETQUOTAROOT "Entw&APw-rfe"
      S: * QUOTAROOT Entw&APw-rfe "User quota"
      S: * QUOTA "User quota" ()
      S: a2 OK ...
      C: a3 GETQUOTAROOT "&broken"
      S: a3 NO [CANNOT] ...
    `;
  });

  test('know one root, which is that of whoever asks', async () => {
    await using mary = await server.logIn();
    await mary.dialogue`
      C: a1 GETQUOTA ""
      S: a1 NO [NONEXISTENT] ...
      C: a2 GETQUOTA "user quota"
      S: a2 NO [NONEXISTENT] ...
      C: a3 GETQUOTA INBOX
      S: a3 NO [NONEXISTENT] ...
      C: a4 GETQUOTA
      S: a4 BAD ...
      C: a5 GETQUOTA "User quota" INBOX
      S: a5 BAD ...
      C: a6 GETQUOTAROOT
      S: a6 BAD ...
    `;
    await using nobody = await server.connect();
    await nobody.dialogue`
      C: a1 GETQUOTA "User quota"
      S: a1 BAD Log in first...
      C: a2 GETQUOTAROOT INBOX
      S: a2 BAD Log in first...
    `;
  });

  test('RFC 9208 §8: tell anonymous users nothing, nor are they warned', async () => {
    const account = await server.addAccount();
    await server.postel.setQuota(account, { messages: 0 });
    await using imap = await server.startProcess({ login: { mechanisms: null, anonymousAccount: account.name } });
    await using guest = await server.connect(imap.port);
    await guest.dialogue`
      C: a1 AUTHENTICATE ANONYMOUS ${Buffer.from('sirhc').toString('base64')}
      S: a1 OK ...
      C: a2 GETQUOTA "User quota"
      S: a2 NO [NOPERM] ...
      C: a3 GETQUOTAROOT INBOX
      S: * QUOTAROOT INBOX
      S: a3 OK ...
    `;
    expect(warnings((await guest.command('SELECT INBOX')).untagged)).toEqual([]);
  });
});

describe('SETQUOTA', () => {
  async function addOwner() {
    const owner = await server.addAccount('owner');
    await server.postel.useDirectory((directory) => directory.setRole(owner.name, 'owner'));
    return owner;
  }

  test('of an owner of the server sets the limits of every account, and takes those away that are not named', async () => {
    const mary = await server.addAccount('mary');
    await server.postel.setQuota(mary, { mailboxes: 20 });
    await using owner = await server.logIn(await addOwner());
    await owner.dialogue`
      C: a1 GETQUOTA user/${mary.name}
      S: * QUOTA "user/${mary.name}" (MAILBOX 6 20)
      S: a1 OK ...
      C: a2 SETQUOTA user/${mary.name} (storage 512 MESSAGE 1000)
      S: * QUOTA "user/${mary.name}" (STORAGE 0 512 MESSAGE 0 1000)
      S: a2 OK ...
      C: a3 SETQUOTA "user/${mary.address}" (MAILBOX 0)
      S: * QUOTA "user/${mary.address}" (MAILBOX 6 0)
      S: a3 OK ...
      C: a4 GETQUOTAROOT "Other Users/${mary.name}/INBOX"
      S: * QUOTAROOT "Other Users/${mary.name}/INBOX" "user/${mary.name}"
      S: * QUOTA "user/${mary.name}" (MAILBOX 6 0)
      S: a4 OK ...
      C: a5 SETQUOTA user/${mary.name} ()
      S: * QUOTA "user/${mary.name}" ()
      S: a5 OK ...
      C: a6 SETQUOTA "User quota" (MESSAGE 9223372036854775807)
      S: * QUOTA "User quota" (MESSAGE 0 9007199254740991)
      S: a6 OK ...
    `;
    expect(await server.postel.useDirectory(({ quotas }) => quotas.read(mary.name))).toMatchObject({
      limits: { octets: null, messages: null, mailboxes: null },
      isOwn: { octets: true, messages: true, mailboxes: true },
    });
  });

  test('below what is there takes nothing away, and lets nothing more in', async () => {
    const mary = await server.addAccount('mary');
    await using hers = await server.logIn(mary);
    await hers.append('INBOX', 'Subject: one');
    await hers.append('INBOX', 'Subject: two');
    await using owner = await server.logIn(await addOwner());
    await owner.dialogue`
      C: a1 SETQUOTA user/${mary.name} (MESSAGE 1)
      S: * QUOTA "user/${mary.name}" (MESSAGE 2 1)
      S: a1 OK ...
    `;
    await hers.dialogue`
      C: b1 APPEND INBOX {5+}
      C: three
      S: b1 NO [OVERQUOTA] ...
      C: b2 STATUS INBOX (MESSAGES)
      S: * STATUS INBOX (MESSAGES 2)
      S: b2 OK ...
    `;
  });

  test('knows the resources of RFC 9208 that are here, each once', async () => {
    await using owner = await server.logIn(await addOwner());
    await owner.dialogue`
      C: a1 SETQUOTA "User quota" (STORAGE 5 ANNOTATION-STORAGE 5)
      S: a1 NO [CANNOT] ...
      C: a2 SETQUOTA "User quota" (STORAGE 5 storage 6)
      S: a2 BAD ...
      C: a3 SETQUOTA "User quota" (STORAGE)
      S: a3 BAD ...
      C: a4 SETQUOTA "User quota" STORAGE 512
      S: a4 BAD ...
      C: a5 SETQUOTA "User quota" (STORAGE 5 MESSAGE -1)
      S: a5 BAD ...
      C: a6 SETQUOTA "User quota"
      S: a6 BAD ...
      C: a7 GETQUOTA "User quota"
      S: * QUOTA "User quota" ()
      S: a7 OK ...
      C: a8 SETQUOTA user/nobody-at-all (STORAGE 5)
      S: a8 NO [NONEXISTENT] ...
      C: a9 GETQUOTA user/
      S: a9 NO [NONEXISTENT] ...
    `;
  });

  test('is told in the log, and by whom', async () => {
    const [mary, owner] = [await server.addAccount('mary'), await addOwner()];
    await using client = await server.logIn(owner);
    await client.command(`SETQUOTA user/${mary.name} (STORAGE 7)`);
    const line =
      server
        .log()
        .split('\n')
        .find((text) => text.includes('quota set') && text.includes(mary.name)) ?? '{}';
    expect(JSON.parse(line)).toMatchObject({
      by: owner.name,
      account: mary.name,
      limits: { octets: 7 * 1_024, messages: null, mailboxes: null },
    });
  });

  test("hardening 47: of others is refused as that of nobody, and one's own is not to be set", async () => {
    const [mary, john] = [await server.addAccount('mary'), await server.addAccount('john')];
    await server.postel.setQuota(mary, { messages: 7 });
    await using his = await server.logIn(john);
    for (const command of ['GETQUOTA user/NAME', 'SETQUOTA user/NAME (STORAGE 5)', 'SETQUOTA user/NAME ()']) {
      const [ofMary, ofNobody, ofHimself] = await Promise.all(
        [mary.name, 'nobody-at-all', john.name].map((name) => his.command(command.replace('NAME', name))),
      );
      expect(ofMary).toMatchObject({ untagged: [], tagged: expect.stringMatching(/^NO \[NONEXISTENT\] /) });
      expect(ofNobody).toEqual(ofMary);
      expect(ofHimself).toEqual(ofMary);
    }
    for (const owner of [mary.name, 'nobody-at-all']) {
      const name = `"Other Users/${owner}/INBOX"`;
      expect((await his.command(`GETQUOTAROOT ${name}`)).untagged).toEqual([`* QUOTAROOT ${name}`]);
    }
    await his.dialogue`
      C: a1 SETQUOTA "User quota" (STORAGE 512)
      S: a1 NO [NOPERM] ...
      C: a2 SETQUOTA "User quota" ()
      S: a2 NO [NOPERM] ...
      C: a3 SETQUOTA "User quota" (STORAGE)
      S: a3 BAD ...
    `;
    expect(await server.postel.useDirectory(({ quotas }) => quotas.read(mary.name))).toMatchObject({
      limits: { messages: 7 },
    });
  });

  test('is over for who is an owner no more, and nothing for an app password of one', async () => {
    const owner = await addOwner();
    const secret = await server.postel.useDirectory(({ appPasswords }) =>
      appPasswords.add(owner.name, { name: 'phone', service: null, expiresAt: null, networks: null, isShared: false }),
    );
    await using phone = await server.logIn({ ...owner, password: secret });
    await using client = await server.logIn(owner);
    await client.dialogue`
      C: a1 SETQUOTA "User quota" (MESSAGE 5)
      S: * QUOTA "User quota" (MESSAGE 0 5)
      S: a1 OK ...
    `;
    await phone.dialogue`
      C: a1 SETQUOTA "User quota" (MESSAGE 50)
      S: a1 NO [NOPERM] ...
      C: a2 GETQUOTA user/${owner.name}
      S: a2 NO [NONEXISTENT] ...
    `;
    await server.postel.useDirectory((directory) => directory.setRole(owner.name, 'account'));
    await client.dialogue`
      C: a2 SETQUOTA "User quota" (MESSAGE 50)
      S: a2 NO [NOPERM] ...
      C: a3 GETQUOTA user/${owner.name}
      S: a3 NO [NONEXISTENT] ...
    `;
  });
});

describe('STATUS', () => {
  test('DELETED and DELETED-STORAGE are what EXPUNGE takes off, to the octet', async () => {
    await using mary = await server.logIn();
    for (const octets of [1_500, 20, 700]) await mary.append('INBOX', 'x'.repeat(octets));
    await mary.dialogue`
      C: a1 STATUS INBOX (MESSAGES DELETED DELETED-STORAGE)
      S: * STATUS INBOX (MESSAGES 3 DELETED 0 DELETED-STORAGE 0)
      S: a1 OK ...
      C: a2 SELECT INBOX
      S: ...
      S: a2 OK ...
      C: a3 STORE 1,3 +FLAGS.SILENT (\Deleted)
      S: a3 OK ...
      C: a4 COPY 1 Trash
      S: a4 OK ...
      C: a5 LIST "" (INBOX Trash) RETURN (STATUS (DELETED DELETED-STORAGE))
      S: * LIST (\HasNoChildren) "/" INBOX
      S: * STATUS INBOX (DELETED 2 DELETED-STORAGE 2200)
      S: * LIST (\HasNoChildren \Trash) "/" Trash
      S: * STATUS Trash (DELETED 1 DELETED-STORAGE 1500)
      S: a5 OK ...
      C: a6 STORE 3 -FLAGS.SILENT (\Deleted)
      S: a6 OK ...
      C: a7 STATUS INBOX (DELETED-STORAGE DELETED)
      S: * STATUS INBOX (DELETED-STORAGE 1500 DELETED 1)
      S: a7 OK ...
      C: a8 EXPUNGE
      S: * 1 EXPUNGE
      S: a8 OK ...
      C: a9 STATUS INBOX (MESSAGES DELETED DELETED-STORAGE)
      S: * STATUS INBOX (MESSAGES 2 DELETED 0 DELETED-STORAGE 0)
      S: a9 OK ...
    `;
  });

  test('RFC 7889 §3: APPENDLIMIT is that of the server, whatever the quota has room for', async () => {
    const account = await server.addAccount();
    await using mary = await server.logIn(account);
    await server.postel.setQuota(account, { octets: 5 });
    await mary.dialogue`
      C: a1 STATUS INBOX (APPENDLIMIT)
      S: * STATUS INBOX (APPENDLIMIT 104857600)
      S: a1 OK ...
      C: a2 LIST "" Sent RETURN (STATUS (APPENDLIMIT MESSAGES))
      S: * LIST (\HasNoChildren \Sent) "/" Sent
      S: * STATUS Sent (APPENDLIMIT 104857600 MESSAGES 0)
      S: a2 OK ...
    `;
  });
});

describe('OVERQUOTA', () => {
  test('is the answer to APPEND and COPY for which there is no room; MOVE needs none', async () => {
    const account = await server.addAccount();
    await using mary = await server.logIn(account);
    await mary.append('INBOX', 'one');
    await mary.append('INBOX', 'two');
    await server.postel.setQuota(account, { messages: 2 });
    await mary.dialogue`
      C: a1 SELECT INBOX
      S: ...
      S: a1 OK ...
      C: a2 APPEND Archive {5}
      S: a2 NO [OVERQUOTA] ...
      C: a3 COPY 1 Archive
      S: a3 NO [OVERQUOTA] ...
      C: a4 UID COPY 1:2 INBOX
      S: a4 NO [OVERQUOTA] ...
      C: a5 MOVE 1 Archive
      S: * OK [COPYUID ...] Moved
      S: * 1 EXPUNGE
      S: a5 OK ...
      C: a6 RENAME INBOX Old
      S: * 1 EXPUNGE
      S: a6 OK ...
      C: a7 GETQUOTA "User quota"
      S: * QUOTA "User quota" (MESSAGE 2 2)
      S: a7 OK ...
    `;
  });

  test('is the answer to CREATE and RENAME which would make more mailboxes than there may be', async () => {
    const account = await server.addAccount();
    await using mary = await server.logIn(account);
    await server.postel.setQuota(account, { mailboxes: 8 });
    await mary.dialogue`
      C: a1 CREATE a/b/c
      S: a1 NO [OVERQUOTA] ...
      C: a2 CREATE a/b
      S: a2 OK ...
      C: a3 CREATE d
      S: a3 NO [OVERQUOTA] ...
      C: a4 RENAME a/b d/e
      S: a4 NO [OVERQUOTA] ...
      C: a5 RENAME a/b a/c
      S: a5 OK ...
      C: a6 RENAME INBOX d
      S: a6 NO [OVERQUOTA] ...
      C: a7 DELETE a/c
      S: a7 OK ...
      C: a8 CREATE d
      S: a8 OK ...
      C: a9 GETQUOTA "User quota"
      S: * QUOTA "User quota" (MAILBOX 8 8)
      S: a9 OK ...
    `;
  });

  test('is no hindrance to making room where the limit was lowered below what is there', async () => {
    const account = await server.addAccount();
    await using mary = await server.logIn(account);
    for (let i = 0; i < 4; i++) await mary.append('INBOX', kilooctet);
    await server.postel.setQuota(account, { octets: 2_048 });
    await mary.command('SELECT INBOX');
    await mary.dialogue`
      C: a1 GETQUOTA "User quota"
      S: * QUOTA "User quota" (STORAGE 4 2)
      S: a1 OK ...
      C: a2 APPEND INBOX {1}
      S: a2 NO [OVERQUOTA] ...
      C: a3 STORE 1:3 +FLAGS.SILENT (\Deleted)
      S: a3 OK ...
      C: a4 EXPUNGE
      S: * 3 EXPUNGE
      S: * 2 EXPUNGE
      S: * 1 EXPUNGE
      S: a4 OK ...
      C: a5 APPEND INBOX {1}
      S: + ...
      C: x
      S: * 2 EXISTS
      S: * 2 RECENT
      S: a5 OK ...
    `;
  });
});

describe('warnings', () => {
  test('come with the message that brings the use to 90 per cent, and with the one that fills it', async () => {
    const account = await server.addAccount();
    await using mary = await server.logIn(account);
    await server.postel.setQuota(account, { messages: 10 });
    for (let i = 0; i < 8; i++) await mary.append('INBOX', 'x');
    await mary.dialogue`
      C: a1 APPEND INBOX {1+}
      C: x
      S: * NO [OVERQUOTA] 90 % of your message quota is used: 9 of 10
      S: a1 OK [APPENDUID ...] ...
      C: a2 SELECT INBOX
      S: * FLAGS ...
      S: * OK [PERMANENTFLAGS ...
      S: * 9 EXISTS
      S: * 9 RECENT
      S: * OK [UNSEEN 1] ...
      S: * OK [UIDVALIDITY ...
      S: * OK [UIDNEXT 10] ...
      S: * OK [MAILBOXID (...
      S: * OK [HIGHESTMODSEQ ...
      S: a2 OK ...
      C: a3 COPY 1 Archive
      S: * NO [ALERT] 100 % of your message quota is used: 10 of 10. Mail that comes is turned away until you make room
      S: a3 OK [COPYUID ...] ...
      C: a4 NOOP
      S: a4 OK ...
      C: a5 STORE 1:5 +FLAGS.SILENT (\Deleted)
      S: a5 OK ...
      C: a6 CLOSE
      S: a6 OK ...
      C: a7 APPEND INBOX {1+}
      C: x
      S: a7 OK ...
    `;
    for (let i = 0; i < 2; i++) await mary.append('INBOX', 'x');
    expect(warnings((await mary.command('APPEND INBOX {1+}\r\nx')).untagged)).toEqual([
      '* NO [OVERQUOTA] 90 % of your message quota is used: 9 of 10',
    ]);
  });

  test('come when a mailbox is selected, once a session', async () => {
    const account = await server.addAccount();
    await using mary = await server.logIn(account);
    for (let i = 0; i < 19; i++) await mary.append('INBOX', kilooctet);
    await server.postel.setQuota(account, { octets: 20 * 1_024 });
    await using other = await server.logIn(account);
    const selected = await other.command('EXAMINE Archive');
    expect(warnings(selected.untagged)).toEqual(['* NO [OVERQUOTA] 95 % of your storage quota is used: 19 of 20 kB']);
    expect(warnings((await other.command('SELECT INBOX')).untagged)).toEqual([]);
    await server.postel.setQuota(account, { octets: 19 * 1_024 });
    expect(warnings((await other.command('SELECT INBOX')).untagged)).toEqual([
      '* NO [ALERT] 100 % of your storage quota is used: 19 of 19 kB. Mail that comes is turned away until you make room',
    ]);
    expect(warnings((await other.command('SELECT INBOX')).untagged)).toEqual([]);
    await server.postel.setQuota(account, { octets: 20 * 1_048_576 });
    expect(warnings((await other.command('SELECT INBOX')).untagged)).toEqual([]);
    await mary.append('INBOX', 'x'.repeat(18 * 1_048_576));
    expect(warnings((await other.command('SELECT INBOX')).untagged)).toEqual([
      '* NO [OVERQUOTA] 90 % of your storage quota is used: 19 of 20 MB',
    ]);
  });

  test('come to whoever logs in next on the connection', async () => {
    await using client = await server.logIn();
    for (const account of [await server.addAccount(), await server.addAccount()]) {
      await server.postel.setQuota(account, { messages: 0 });
      await client.command('UNAUTHENTICATE');
      await client.command(`LOGIN ${account.name} ${account.password}`);
      expect(warnings((await client.command('SELECT INBOX')).untagged)).toHaveLength(1);
    }
  });

  test('RFC 9208 §4.3.1: come neither where no mailbox is selected nor for a limit of mailboxes', async () => {
    const account = await server.addAccount();
    await server.postel.setQuota(account, { messages: 1, mailboxes: 6 });
    await using mary = await server.logIn(account);
    await mary.append('INBOX', 'x');
    await server.postel.setQuota(account, { messages: null });
    await using other = await server.logIn(account);
    for (const command of ['STATUS INBOX (MESSAGES)', 'LIST "" *', 'NOOP', 'GETQUOTAROOT INBOX', 'SELECT INBOX']) {
      expect(warnings((await other.command(command)).untagged), command).toEqual([]);
    }
    await server.postel.setQuota(account, { messages: 1 });
    await using third = await server.logIn(account);
    for (const command of ['STATUS INBOX (MESSAGES)', 'LIST "" *', 'NOOP', 'GETQUOTAROOT INBOX', 'CREATE more']) {
      expect(warnings((await third.command(command)).untagged), command).toEqual([]);
    }
  });
});
