import { expect, test } from 'vitest';
import { MailServer } from '../testing/mail-server.ts';

const server = new MailServer();

/** Logged in, with so many messages in INBOX, which is selected; the first `flagged` of them are flagged. */
async function selected(messages: number, flagged: number) {
  const account = await server.addAccount();
  const client = await server.logIn(account);
  for (let i = 1; i <= messages; i++)
    await client.append('INBOX', `Subject: ${i}\r\n\r\n`, i <= flagged ? '\\Flagged' : '');
  await client.command('SELECT INBOX');
  return { account, client };
}

test('RFC 5182 §2.2: the result of a search in the commands that follow it', async () => {
  const { client } = await selected(6, 3);
  await using mary = client;
  await mary.dialogue`
    C: A282 SEARCH RETURN (SAVE) FLAGGED
    C: A283 FETCH $ (UID)
    S: A282 OK Searched
    S: * 1 FETCH (UID 1)
    S: * 2 FETCH (UID 2)
    S: * 3 FETCH (UID 3)
    S: A283 OK ...
    C: A284 UID FETCH $,5 (UID)
    S: * 1 FETCH (UID 1)
    S: * 2 FETCH (UID 2)
    S: * 3 FETCH (UID 3)
    S: * 5 FETCH (UID 5)
    S: A284 OK ...
    C: A301 UID SEARCH UID $ SUBJECT 2
    S: * SEARCH 2
    S: A301 OK ...
    C: A302 SEARCH $ NOT SUBJECT 2
    S: * SEARCH 1 3
    S: A302 OK ...
    C: P283 SEARCH CHARSET UTF-8 (OR $ 1,5:6) UNDELETED
    S: * SEARCH 1 2 3 5 6
    S: P283 OK ...
    C: P284 SEARCH NOT $
    S: * SEARCH 4 5 6
    S: P284 OK ...
    C: P285 CREATE Copies
    S: P285 OK ...
    C: P286 COPY $ Copies
    S: P286 OK [COPYUID {validity} 1:3 1:3] Copied
    C: P287 UID COPY $ Copies
    S: P287 OK [COPYUID {validity} 1:3 4:6] Copied
    C: P288 STORE $ +FLAGS (\Seen)
    S: * 1 FETCH (UID 1 FLAGS (\Flagged \Seen \Recent))
    S: * 2 FETCH (UID 2 FLAGS (\Flagged \Seen \Recent))
    S: * 3 FETCH (UID 3 FLAGS (\Flagged \Seen \Recent))
    S: P288 OK ...
    C: P289 UID STORE $ -FLAGS.SILENT (\Seen)
    S: P289 OK ...
    C: P290 STORE 1,5 +FLAGS.SILENT (\Deleted)
    S: P290 OK ...
    C: P291 UID EXPUNGE $
    S: * 1 EXPUNGE
    S: P291 OK ...
    C: P292 FETCH $ (UID)
    S: * 1 FETCH (UID 2)
    S: * 2 FETCH (UID 3)
    S: P292 OK ...
    C: P293 UID MOVE $ Copies
    S: * OK [COPYUID {validity} 2:3 7:8] Moved
    S: * 2 EXPUNGE
    S: * 1 EXPUNGE
    S: P293 OK ...
    C: P294 FETCH $ (UID)
    S: P294 OK ...
    C: P295 MOVE $ Copies
    S: P295 OK No such message: nothing moved
    C: P296 COPY $ Copies
    S: P296 OK No such message: nothing copied
    C: P297 STORE $ FLAGS ()
    S: P297 OK ...
    C: P298 UID EXPUNGE $
    S: P298 OK ...
    C: P299 SEARCH $
    S: * SEARCH
    S: P299 OK ...
  `;
});

test('RFC 9051 §6.4.4.4, example 10, and RFC 9394 §3.2: what is saved with which options', async () => {
  const { client } = await selected(6, 4);
  await using mary = client;
  for (const [options, told, saved] of [
    ['ALL', 'ALL 1:4', null],
    ['SAVE', null, '1:4'],
    ['ALL SAVE', 'ALL 1:4', '1:4'],
    ['SAVE MIN', 'MIN 1', '1'],
    ['MAX SAVE', 'MAX 4', '4'],
    ['MAX SAVE MIN', 'MIN 1 MAX 4', '1,4'],
    ['MAX SAVE MIN COUNT', 'MIN 1 MAX 4 COUNT 4', '1:4'],
    ['COUNT SAVE', 'COUNT 4', '1:4'],
    ['ALL SAVE MIN', 'MIN 1 ALL 1:4', '1:4'],
    ['SAVE PARTIAL 2:3', 'PARTIAL (2:3 2:3)', '2:3'],
    ['SAVE PARTIAL 3:9 MIN', 'MIN 1 PARTIAL (3:9 3:4)', '1,3:4'],
    ['SAVE PARTIAL -3:-4 MAX', 'MAX 4 PARTIAL (-3:-4 1:2)', '1:2,4'],
    ['SAVE PARTIAL 9:9 MIN MAX', 'MIN 1 MAX 4 PARTIAL (9:9 NIL)', '1,4'],
    ['SAVE PARTIAL 2:2 COUNT MIN', 'MIN 1 COUNT 4 PARTIAL (2:2 2)', '1:4'],
  ]) {
    const answers = told === null ? '' : `S: * ESEARCH (TAG "C282") ${told}`;
    await mary.dialogue`
      C: C281 SEARCH RETURN (SAVE) NOT ALL
      S: C281 OK ...
      C: C282 SEARCH RETURN (${options ?? ''}) FLAGGED
      ${answers}
      S: C282 OK ...
      C: C283 SEARCH RETURN () $
      S: * ESEARCH (TAG "C283")${saved === null ? '' : ` ALL ${saved}`}
      S: C283 OK ...
    `;
  }
});

test('RFC 5182 §2.1: what a search does to what was saved before', async () => {
  const { client } = await selected(3, 1);
  await using mary = client;
  await mary.dialogue`
    C: a0 SEARCH $
    S: * SEARCH
    S: a0 OK ...
    C: a1 SEARCH RETURN (SAVE) ALL
    S: a1 OK ...
    C: a2 SEARCH RETURN (SAVE NONE) FLAGGED
    S: a2 BAD ...
    C: a3 SEARCH RETURN (SAVE) 9 NONE
    S: a3 BAD ...
    C: a4 SEARCH FLAGGED
    S: * SEARCH 1
    S: a4 OK ...
    C: a5 SEARCH RETURN (COUNT) CHARSET KOI8-R FLAGGED
    S: a5 NO [BADCHARSET ...
    C: a6 SEARCH RETURN (COUNT) $
    S: * ESEARCH (TAG "a6") COUNT 3
    S: a6 OK ...
    C: a7 SEARCH RETURN (SAVE COUNT) CHARSET KOI8-R (OR $ 1) TEXT x
    S: a7 NO [BADCHARSET ...
    C: a8 SEARCH RETURN (COUNT) $
    S: * ESEARCH (TAG "a8") COUNT 0
    S: a8 OK ...
    C: H282 SEARCH RETURN (SAVE) FLAGGED
    C: H283 SEARCH RETURN (SAVE) UNFLAGGED
    C: H284 SEARCH $
    S: H282 OK ...
    S: H283 OK ...
    S: * SEARCH 2 3
    S: H284 OK ...
    C: b1 EXAMINE INBOX
    S: ...
    C: b2 SEARCH RETURN (ALL) $
    S: * ESEARCH (TAG "b2")
    S: b2 OK ...
  `;
});

test('a message that another connection expunged leaves the result when that is told', async () => {
  const { account, client } = await selected(4, 3);
  await using mary = client;
  await using other = await server.logIn(account);
  await other.command('SELECT INBOX');
  await mary.command('SEARCH RETURN (SAVE) FLAGGED');
  await other.command('STORE 2 +FLAGS.SILENT (\\Deleted)');
  await other.command('EXPUNGE');
  await other.append('INBOX', 'Subject: new\r\n\r\n', '\\Flagged');
  await mary.dialogue`
    C: a1 FETCH $ (UID)
    S: * 5 EXISTS
    S: ...
    S: * 1 FETCH (UID 1)
    S: * 2 FETCH (UID 2)
    S: * 3 FETCH (UID 3)
    S: a1 OK ...
    C: a2 NOOP
    S: * 2 EXPUNGE
    S: ...
    S: a2 OK ...
    C: a3 SEARCH RETURN (ALL) $
    S: * ESEARCH (TAG "a3") ALL 1:2
    S: a3 OK ...
    C: a4 UID SEARCH RETURN (ALL) $
    S: * ESEARCH (TAG "a4") UID ALL 1,3
    S: a4 OK ...
  `;
});

test('hardening 4: `$` twenty thousand times, and among as many ranges, is one set', async () => {
  const { client } = await selected(3, 2);
  await using mary = client;
  await mary.command('SEARCH RETURN (SAVE) FLAGGED');
  const often = Array(20_000).fill('$').join();
  const ranges = Array.from({ length: 5_000 }, (_, i) => 9_999 - i).join(',$,');
  for (const [command, uids] of [
    [`UID FETCH ${often} (UID)`, [1, 2]],
    [`UID FETCH ${ranges},$ (UID)`, [1, 2]],
    [`UID FETCH ${ranges},3:*,$ (UID)`, [1, 2, 3]],
  ] as const) {
    const { untagged, tagged } = await mary.command(command);
    expect(tagged).toMatch(/^OK /);
    expect(untagged).toEqual(uids.map((uid) => `* ${uid} FETCH (UID ${uid})`));
  }
  expect((await mary.command(`UID SEARCH RETURN (COUNT) UID ${ranges},$`)).untagged[0]).toMatch(/ UID COUNT 2$/);
  expect((await mary.command(`SEARCH RETURN (SAVE) ${Array(500).fill('$').join(' ')}`)).tagged).toMatch(/^OK /);
});

test('RFC 5182 §2.1: what lies in too many places is not saved, and nothing is then', {
  timeout: 120_000,
}, async () => {
  const { client } = await selected(2, 1);
  await using mary = client;
  await mary.command('SEARCH RETURN (SAVE) ALL');
  for (let messages = 2; messages < 2 ** 18; messages += Math.min(messages, 2 ** 13))
    expect((await mary.command(`COPY 1:${Math.min(messages, 2 ** 13)} INBOX`)).tagged).toMatch(/^OK /);
  await mary.dialogue`
    C: a1 SEARCH RETURN (SAVE COUNT) FLAGGED
    S: a1 NO [NOTSAVED] ...
    C: a2 SEARCH RETURN (COUNT) $
    S: * ESEARCH (TAG "a2") COUNT 0
    S: a2 OK ...
    C: a3 SEARCH RETURN (SAVE COUNT) ALL
    S: * ESEARCH (TAG "a3") COUNT 262144
    S: a3 OK ...
    C: a4 SEARCH RETURN (COUNT) $ FLAGGED
    S: * ESEARCH (TAG "a4") COUNT 131072
    S: a4 OK ...
  `;
});
