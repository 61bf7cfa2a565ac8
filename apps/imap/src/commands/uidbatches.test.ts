/** UIDBATCHES: RFC 10022. */
import { expect, test } from 'vitest';
import type { ImapClient } from '../testing/imap-client.ts';
import { MailServer } from '../testing/mail-server.ts';

const server = new MailServer();

/** INBOX with 1,024 messages, of which some were expunged, so that 1,012 are left: UIDs 2 to 600 and 612 to 1,024. */
async function withGaps(): Promise<ImapClient> {
  const mary = await server.logIn();
  await mary.append('INBOX', 'Subject: x\r\n\r\nx');
  await mary.command('SELECT INBOX');
  for (let messages = 1; messages < 1_024; messages *= 2) await mary.command('COPY 1:* INBOX');
  await mary.command('UID STORE 1,601:611 +FLAGS.SILENT (\\Deleted)');
  await mary.command('EXPUNGE');
  return mary;
}

test('tells ranges of so many messages each, from the newest down to UID 1, without gaps', async () => {
  await using mary = await withGaps();
  await mary.dialogue`
    C: a1 UIDBATCHES 500
    S: * UIDBATCHES (TAG "a1") 1024:514,513:14,13:1
    S: a1 OK ...
    C: a2 UIDBATCHES 1012
    S: * UIDBATCHES (TAG "a2") 1024:1
    S: a2 OK ...
    C: a3 UIDBATCHES 1000
    S: * UIDBATCHES (TAG "a3") 1024:14,13:1
    S: a3 OK ...
    C: a4 UIDBATCHES 4294967295
    S: * UIDBATCHES (TAG "a4") 1024:1
    S: a4 OK ...
    C: a5 UID SEARCH RETURN (COUNT) UID 513:14
    S: * ESEARCH (TAG "a5") UID COUNT 500
    S: a5 OK ...
  `;
});

test('tells those batches that are asked for', async () => {
  await using mary = await withGaps();
  await mary.dialogue`
    C: a1 UIDBATCHES 500 1:1
    S: * UIDBATCHES (TAG "a1") 1024:514
    S: a1 OK ...
    C: a2 UIDBATCHES 500 2:3
    S: * UIDBATCHES (TAG "a2") 513:14,13:1
    S: a2 OK ...
    C: a3 UIDBATCHES 500 3:4294967295
    S: * UIDBATCHES (TAG "a3") 13:1
    S: a3 OK ...
    C: a4 UIDBATCHES 500 4:9
    S: * UIDBATCHES (TAG "a4")
    S: a4 OK ...
  `;
});

test('goes with UIDONLY, leaves $ as it is, and has no batch of a mailbox without messages', async () => {
  await using mary = await server.logIn();
  await mary.dialogue`
    C: a1 ENABLE UIDONLY
    S: * ENABLED UIDONLY
    S: a1 OK ...
    C: a2 SELECT INBOX
    S: ...
    S: a2 OK ...
    C: a3 UIDBATCHES 2000
    S: * UIDBATCHES (TAG "a3")
    S: a3 OK ...
    C: a4 APPEND INBOX {1+}
    C: x
    S: * 1 EXISTS
    S: ...
    S: a4 OK ...
    C: a5 UID SEARCH RETURN (SAVE) ALL
    S: a5 OK ...
    C: a6 uidbatches 2000
    S: * UIDBATCHES (TAG "a6") 1:1
    S: a6 OK ...
    C: a7 UID SEARCH RETURN (ALL) UID $
    S: * ESEARCH (TAG "a7") UID ALL 1
    S: a7 OK ...
  `;
});

test('of fewer messages is NO, and what is no UIDBATCHES is BAD', async () => {
  await using mary = await server.logIn();
  expect((await mary.command('UIDBATCHES 500')).tagged).toMatch(/^BAD Select a mailbox first/);
  await mary.dialogue`
    C: a1 SELECT INBOX
    S: ...
    S: a1 OK ...
    C: a2 UIDBATCHES 499
    S: a2 NO [TOOFEW] A batch has 500 messages at least...
    C: a3 UIDBATCHES 500 20:10
    S: a3 BAD [CLIENTBUG] ...
    C: a4 UIDBATCHES 500 0:10
    S: a4 BAD ...
    C: a5 UIDBATCHES 500 10
    S: a5 BAD ...
    C: a6 UIDBATCHES 0
    S: a6 BAD ...
    C: a7 UIDBATCHES
    S: a7 BAD ...
    C: a8 UIDBATCHES 500 1:*
    S: a8 BAD ...
    C: a9 UIDBATCHES 500 1:2 x
    S: a9 BAD ...
  `;
});
