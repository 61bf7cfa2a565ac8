import { expect, test } from 'vitest';
import { formatObjectId, parseObjectId } from './object-id.ts';
import { MailServer } from './testing/mail-server.ts';

const server = new MailServer();

test('object ids have a letter for what they are of', () => {
  expect(formatObjectId('email', { account: 3, id: 17 })).toBe('M3-17');
  expect(parseObjectId('thread', 'T3-9007199254740991')).toEqual({ account: 3, id: Number.MAX_SAFE_INTEGER });
});

test.each(['M3-17', 'T03-17', 'T3-0', 'T3', 't3-17', '__proto__', 'T1-99999999999999999'])(
  '%s is of no thread',
  (text) => {
    expect(parseObjectId('thread', text)).toBeNull();
  },
);

test.each(['', 'T3 17', 'T3.17', 'ü', 'T'.repeat(256)])('%j is no object id', (text) => {
  expect(() => parseObjectId('thread', text)).toThrow('Expected an object id');
});

test('RFC 8474 §5: copies have the EMAILID of their source, answers the THREADID of what they answer', async () => {
  await using mary = await server.logIn();
  const first = 'Subject: one\r\nMessage-ID: <1@example.com>\r\n\r\n';
  await mary.append('INBOX', first);
  await mary.append('INBOX', 'Subject: Re: one\r\nMessage-ID: <2@example.com>\r\nReferences: <1@example.com>\r\n\r\n');
  await mary.append('INBOX', 'Subject: two\r\nMessage-ID: <3@example.com>\r\n\r\n');
  await mary.append('INBOX', first); // another arrival, with a date of its own
  const { one, thread, two } = await mary.dialogue`
    C: a1 SELECT INBOX
    S: ...
    S: a1 OK ...
    C: a2 FETCH 1:4 (EMAILID THREADID)
    S: * 1 FETCH (EMAILID ({one}) THREADID ({thread}))
    S: * 2 FETCH (EMAILID ({two}) THREADID ({thread}))
    S: * 3 FETCH (EMAILID ({three}) THREADID ({other}))
    S: * 4 FETCH (EMAILID ({four}) THREADID ({thread}))
    S: a2 OK ...
    C: a3 CREATE Work
    S: a3 OK ...
    C: a4 COPY 1 Work
    S: a4 OK ...
    C: a5 MOVE 2 Work
    S: ...
    S: a5 OK ...
    C: a6 UID FETCH 2 (EMAILID)
    S: a6 OK ...
    C: a7 SEARCH EMAILID {one}
    S: * SEARCH 1
    S: a7 OK ...
    C: a8 SEARCH OR THREADID {other} EMAILID {four}
    S: * SEARCH 2 3
    S: a8 OK ...
    C: a9 SEARCH THREADID {one}
    S: * SEARCH
    S: a9 OK ...
    C: b1 SEARCH NOT EMAILID unknown_to-us
    S: * SEARCH 1 2 3
    S: b1 OK ...
    C: b2 SEARCH EMAILID "M 1"
    S: b2 BAD ...
    C: b3 SELECT Work
    S: ...
    S: b3 OK ...
    C: b4 FETCH 1:2 (UID EMAILID THREADID)
    S: * 1 FETCH (UID 1 EMAILID ({one}) THREADID ({thread}))
    S: * 2 FETCH (UID 2 EMAILID ({two}) THREADID ({thread}))
    S: b4 OK ...
    C: b5 SEARCH EMAILID {two}
    S: * SEARCH 2
    S: b5 OK ...
  `;
  for (const id of [one, thread, two]) expect(id).toMatch(/^[A-Za-z][A-Za-z0-9_-]{0,254}$/);
});

test('RFC 8474 §4: MAILBOXID in CREATE, SELECT, EXAMINE, STATUS and LIST; RENAME keeps it, DELETE ends it', async () => {
  const account = await server.addAccount();
  await using mary = await server.logIn(account);
  const { id } = await mary.dialogue`
    C: a1 CREATE Work
    S: a1 OK [MAILBOXID ({id})] Created
    C: a2 SELECT Work
    S: ...
    S: * OK [MAILBOXID ({id})] ...
    S: * OK [HIGHESTMODSEQ ...
    S: a2 OK [READ-WRITE] ...
    C: a3 RENAME Work Play
    S: a3 OK ...
    C: a4 STATUS Play (MAILBOXID UIDNEXT)
    S: * STATUS Play (MAILBOXID ({id}) UIDNEXT 1)
    S: a4 OK ...
    C: a5 LIST "" P% RETURN (STATUS (MAILBOXID))
    S: * LIST ... Play
    S: * STATUS Play (MAILBOXID ({id}))
    S: a5 OK ...
    C: a6 CREATE Work
    S: a6 OK [MAILBOXID ({other})] Created
    C: a7 EXAMINE Work
    S: ...
    S: * OK [MAILBOXID ({other})] ...
    S: * OK [HIGHESTMODSEQ ...
    S: a7 OK [READ-ONLY] ...
    C: a8 DELETE Play
    S: a8 OK ...
    C: a9 CREATE Play
    S: a9 OK [MAILBOXID ({third})] Created
    C: b1 CREATE Play
    S: b1 NO [ALREADYEXISTS] ...
  `;
  await using joe = await server.logIn();
  const { untagged } = await joe.command('STATUS INBOX (MAILBOXID)');
  expect(untagged.join()).not.toContain(id);
});

test('RENAME of INBOX makes a mailbox, and INBOX keeps its MAILBOXID', async () => {
  await using mary = await server.logIn();
  await mary.dialogue`
    C: a1 STATUS INBOX (MAILBOXID)
    S: * STATUS INBOX (MAILBOXID ({id}))
    S: a1 OK ...
    C: a2 RENAME INBOX Old
    S: a2 OK ...
    C: a3 STATUS INBOX (MAILBOXID)
    S: * STATUS INBOX (MAILBOXID ({id}))
    S: a3 OK ...
    C: a4 STATUS Old (MAILBOXID)
    S: * STATUS Old (MAILBOXID ({old}))
    S: a4 OK ...
  `;
});

test('a message whose thread is not known yet, of a Postel that knew of none, has NIL', async () => {
  const account = await server.addAccount();
  await using mary = await server.logIn(account);
  await mary.append('INBOX', 'Subject: one\r\n\r\n');
  await server.changeRows(account, 'update messages set thread_id = null where account_id = $1');
  await mary.dialogue`
    C: a1 SELECT INBOX
    S: ...
    S: a1 OK ...
    C: a2 FETCH 1 (THREADID)
    S: * 1 FETCH (THREADID NIL)
    S: a2 OK ...
  `;
});
